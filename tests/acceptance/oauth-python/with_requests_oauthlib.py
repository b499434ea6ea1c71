"""An app on requests-oauthlib, the library of Frappe's own Connected App: the secret in the body, the scopes sent each time."""
from requests_oauthlib import OAuth2Session

from steps import asked, serve


class Steps:
    def open(self, site, client_id, client_secret, redirect_uri, scope):
        self.endpoint = site + "/api/method/frappe.integrations.oauth2."
        self.site = site
        self.secret = client_secret
        self.extra = {"client_id": client_id, "client_secret": client_secret}
        self.session = OAuth2Session(client_id, redirect_uri=redirect_uri, scope=scope.split())

    def authorize(self):
        url, self.state = self.session.authorization_url(self.endpoint + "authorize")
        return url

    def exchange(self, callback):
        return self.session.fetch_token(
            self.endpoint + "get_token",
            authorization_response=callback,
            client_secret=self.secret,
            include_client_id=True,
        )

    def refresh(self):
        return self.session.refresh_token(self.endpoint + "get_token", **self.extra)

    def get(self, path):
        return asked(self.session.get(self.site + path))

    def revoke(self):
        token = {"token": self.session.token["refresh_token"], **self.extra}
        return asked(self.session.post(self.endpoint + "revoke_token", data=token, withhold_token=True))


serve(Steps())
