"""An app on Authlib in OpenID mode: all it knows of the site is its address and what stands in the metadata there."""
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from steps import asked, serve


class Steps:
    def open(self, site, client_id, client_secret, redirect_uri, scope, method="client_secret_basic"):
        self.site = site
        self.metadata = requests.get(site + "/.well-known/openid-configuration").json()
        self.session = OAuth2Session(
            client_id,
            client_secret,
            token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method,
            scope=scope,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            token_endpoint=self.metadata["token_endpoint"],
        )

    def authorize(self):
        self.nonce, self.verifier = generate_token(), generate_token(48)
        url, self.state = self.session.create_authorization_url(
            self.metadata["authorization_endpoint"], nonce=self.nonce, code_verifier=self.verifier
        )
        return url

    def exchange(self, callback):
        self.token = self.session.fetch_token(
            authorization_response=callback, code_verifier=self.verifier, state=self.state
        )
        return self.token

    def identify(self):
        """The claims of the id_token, once its signature is proven by the published keys and each claim is judged."""
        keys = KeySet.import_key_set(requests.get(self.metadata["jwks_uri"]).json())
        algorithms = self.metadata["id_token_signing_alg_values_supported"]
        token = jwt.decode(self.token["id_token"], keys, algorithms=algorithms)
        options = {"iss": {"essential": True, "value": self.metadata["issuer"]}}
        params = {"nonce": self.nonce, "client_id": self.session.client_id, "access_token": self.token["access_token"]}
        claims = CodeIDToken(token.claims, token.header, options, params)
        claims.validate()
        return dict(claims)

    def profile(self):
        return asked(self.session.get(self.metadata["userinfo_endpoint"]))

    def refresh(self):
        return self.session.refresh_token()

    def act_for_itself(self):
        return self.session.fetch_token(grant_type="client_credentials")

    def introspect(self):
        return self.session.introspect_token(
            self.metadata["introspection_endpoint"], token=self.session.token["access_token"]
        ).json()

    def get(self, path):
        return asked(self.session.get(self.site + path))

    def revoke(self, kind="refresh_token"):
        return asked(
            self.session.revoke_token(
                self.metadata["revocation_endpoint"], token=self.session.token[kind], token_type_hint=kind
            )
        )


serve(Steps())
