//! Who is asking, from the document to the plan.

use crate::{
    document::{self, Auth},
    plan::AuthPlan,
};

use super::Compiler;

impl Compiler<'_> {
    pub(super) fn auth(&mut self, at: &str, auth: &Auth) -> AuthPlan {
        match auth {
            Auth::Basic(document::Basic { username, password }) => AuthPlan::Basic {
                username: self.template(&format!("{at}/basic/username"), username),
                password: self.template(&format!("{at}/basic/password"), password),
            },
            Auth::Bearer(token) => AuthPlan::Bearer(self.template(&format!("{at}/bearer"), token)),
            Auth::ApiKey(document::ApiKey { name, value, place }) => AuthPlan::ApiKey {
                name: self.template(&format!("{at}/api_key/name"), name),
                value: self.template(&format!("{at}/api_key/value"), value),
                place: *place,
            },
            Auth::Digest(document::Digest { username, password }) => AuthPlan::Digest {
                username: self.template(&format!("{at}/digest/username"), username),
                password: self.template(&format!("{at}/digest/password"), password),
            },
            Auth::OAuth2(oauth2) => self.oauth2(&format!("{at}/oauth2"), oauth2),
            Auth::AwsSigv4(key) => self.aws_sigv4(&format!("{at}/aws_sigv4"), key),
        }
    }

    fn oauth2(&mut self, at: &str, oauth2: &document::OAuth2) -> AuthPlan {
        let document::OAuth2 { token_url, client_id, client_secret, scope, audience, client_auth } = oauth2;
        AuthPlan::OAuth2 {
            token_url: self.template(&format!("{at}/token_url"), token_url),
            client_id: self.template(&format!("{at}/client_id"), client_id),
            client_secret: self.template(&format!("{at}/client_secret"), client_secret),
            scope: self.optional(&format!("{at}/scope"), scope.as_ref()),
            audience: self.optional(&format!("{at}/audience"), audience.as_ref()),
            client_auth: *client_auth,
        }
    }

    fn aws_sigv4(&mut self, at: &str, key: &document::AwsSigv4) -> AuthPlan {
        let document::AwsSigv4 { region, service, access_key_id, secret_access_key, session_token } = key;
        AuthPlan::AwsSigv4 {
            region: self.template(&format!("{at}/region"), region),
            service: self.template(&format!("{at}/service"), service),
            access_key_id: self.template(&format!("{at}/access_key_id"), access_key_id),
            secret_access_key: self.template(&format!("{at}/secret_access_key"), secret_access_key),
            session_token: self.optional(&format!("{at}/session_token"), session_token.as_ref()),
        }
    }
}
