"""A program without a browser on oauthlib: shows a code, and asks until the person has decided elsewhere."""
import requests
from oauthlib.oauth2 import DeviceClient
from requests_oauthlib import OAuth2Session

from steps import asked, serve


class Steps:
    def open(self, site, client_id, client_secret, redirect_uri, scope):
        self.site = site
        self.metadata = requests.get(site + "/.well-known/oauth-authorization-server").json()
        self.client = DeviceClient(client_id, scope=scope.split())
        self.session = OAuth2Session(client=self.client)

    def begin(self):
        endpoint = self.metadata["device_authorization_endpoint"]
        fields = {"client_id": self.client.client_id, "scope": " ".join(self.client.scope)}
        self.device = requests.post(endpoint, data=fields).json()
        return self.device

    def ask(self):
        return self.session.fetch_token(
            self.metadata["token_endpoint"], device_code=self.device["device_code"], include_client_id=True
        )

    def get(self, path):
        return asked(self.session.get(self.site + path))


serve(Steps())
