"""A Frappe whose people sign in through the site: what its Social Login does, with the library that it does it with."""
import json

from rauth import OAuth2Service

from steps import asked, serve


class Steps:
    def open(self, site, client_id, client_secret, redirect_uri, scope):
        endpoint = site + "/api/method/frappe.integrations.oauth2."
        self.redirect_uri, self.scope = redirect_uri, scope
        self.service = OAuth2Service(
            name="frappe",
            client_id=client_id,
            client_secret=client_secret,
            authorize_url=endpoint + "authorize",
            access_token_url=endpoint + "get_token",
            base_url=site,
        )

    def authorize(self, state):
        return self.service.get_authorize_url(
            redirect_uri=self.redirect_uri, response_type="code", scope=self.scope, state=state
        )

    def sign_in(self, code):
        """Exchanges the code and asks at once who came."""
        fields = {"code": code, "redirect_uri": self.redirect_uri, "grant_type": "authorization_code"}
        session = self.service.get_auth_session(data=fields, decoder=lambda body: json.loads(body.decode()))
        return asked(session.get("/api/method/frappe.integrations.oauth2.openid_profile"))


serve(Steps())
