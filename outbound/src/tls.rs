//! TLS: one provider, the operating system's roots, and a verifier that remembers what it saw even when it refuses.

use std::sync::Arc;

use chrono::DateTime;
use domain::{
    exchange::{Connection, HttpVersion, TlsPeer},
    pem,
};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, NamedGroup,
    RootCertStore, SignatureScheme,
    client::{
        ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue, WantsClientCert,
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::probe::Probe;

/// The provider is passed, never installed, so this crate does not depend on what `main` did.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The TLS half of a client, up to who we are.
pub(crate) fn config(
    verifier: Arc<dyn ServerCertVerifier>,
    accept_invalid: bool,
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Recording { verifier, accept_invalid }))
}

/// The rest of it: what is offered, and a full handshake for every connection.
pub(crate) fn finish(mut config: ClientConfig, version: HttpVersion) -> ClientConfig {
    config.resumption = Resumption::store(Arc::new(Forgetful));
    config.alpn_protocols = match version {
        HttpVersion::Auto => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        HttpVersion::Http1 => vec![b"http/1.1".to_vec()],
        HttpVersion::Http2 => vec![b"h2".to_vec()],
    };
    config
}

/// The TLS half of a client for a connection that asks for something unusual.
///
/// # Errors
///
/// Which PEM text cannot be used, and why.
pub(crate) fn custom(
    usual: Arc<dyn ServerCertVerifier>,
    connection: &Connection,
) -> Result<ClientConfig, String> {
    let verifier = match &connection.ca {
        Some(ca) => trusting(ca).map_err(|why| format!("`tls.ca` cannot be used: {why}"))?,
        None => usual,
    };
    let config = config(verifier, connection.accept_invalid_certificates);
    let Some(identity) = &connection.identity else { return Ok(config.with_no_client_auth()) };
    let certificates = pem::certificates(&identity.certificates)
        .map_err(|why| format!("`tls.client_cert` cannot be used: {why}"))?;
    let key =
        pem::private_key(&identity.key).map_err(|why| format!("`tls.client_key` cannot be used: {why}"))?;
    config.with_client_auth_cert(certificates, key).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            "`tls.client_key` is not the key of the first certificate in `tls.client_cert`".to_owned()
        }
        _ => "`tls.client_key` cannot be used: its kind of key is not known".to_owned(),
    })
}

/// Believes these authorities and no others.
fn trusting(ca: &str) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let mut roots = RootCertStore::empty();
    for certificate in pem::certificates(ca)? {
        roots.add(certificate).map_err(|_| "a certificate in it cannot be an authority's".to_owned())?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
    Ok(verifier.map_err(|_| "it names no authority".to_owned())?)
}

/// A session store that keeps nothing: every connection makes a full handshake and shows its certificate. Being asked
/// tells that TCP is connected and that the handshake begins, which nothing else in reqwest's public API does.
#[derive(Debug)]
struct Forgetful;

impl ClientSessionStore for Forgetful {
    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        Probe::tls_began();
        None
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        Probe::tls_began();
        None
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        Probe::tls_began();
        None
    }

    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}
    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}
    fn remove_tls12_session(&self, _: &ServerName<'static>) {}
    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {}
}

/// Records the leaf certificate, then decides.
#[derive(Debug)]
struct Recording {
    verifier: Arc<dyn ServerCertVerifier>,
    accept_invalid: bool,
}

impl ServerCertVerifier for Recording {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.verifier.verify_server_cert(leaf, intermediates, name, ocsp, now);
        if let Some(peer) = describe(leaf, verdict.as_ref().err()) {
            Probe::certificate_shown(peer);
        }
        if self.accept_invalid { Ok(ServerCertVerified::assertion()) } else { verdict }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Probe::tls_version("TLSv1.2");
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Probe::tls_version("TLSv1.3");
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// What people want to know of a certificate; `None` when it is not X.509.
fn describe(leaf: &CertificateDer<'_>, error: Option<&rustls::Error>) -> Option<TlsPeer> {
    let (_, certificate) = x509_parser::parse_x509_certificate(leaf).ok()?;
    let mut peer = TlsPeer {
        version: None,
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        expires_at: DateTime::from_timestamp(certificate.validity().not_after.timestamp(), 0)?,
        verify_error: None,
    };
    peer.verify_error = error.map(|error| explain(error, Some(&peer)));
    Some(peer)
}

/// One sentence about a failed handshake.
pub(crate) fn explain(error: &rustls::Error, peer: Option<&TlsPeer>) -> String {
    match error {
        rustls::Error::InvalidCertificate(problem) => explain_certificate(problem, peer),
        rustls::Error::InvalidMessage(_) => "what the server speaks on this port is not TLS".to_owned(),
        rustls::Error::AlertReceived(alert) => explain_alert(*alert),
        rustls::Error::PeerIncompatible(_) => {
            "the server supports no TLS version or cipher that we accept".to_owned()
        }
        _ => format!("the TLS handshake failed: {error}"),
    }
}

fn explain_alert(alert: AlertDescription) -> String {
    use AlertDescription as A;
    match alert {
        A::CertificateRequired => "the server wants a client certificate (`tls.client_cert`)".to_owned(),
        A::UnknownCA
        | A::BadCertificate
        | A::CertificateUnknown
        | A::CertificateExpired
        | A::AccessDenied => {
            format!("the server refused our client certificate: {alert:?}")
        }
        A::NoApplicationProtocol => {
            "the server does not speak the version of HTTP that is asked for".to_owned()
        }
        _ => format!("the server refused the TLS handshake: {alert:?}"),
    }
}

fn explain_certificate(problem: &CertificateError, peer: Option<&TlsPeer>) -> String {
    use CertificateError as E;
    match problem {
        E::Expired | E::ExpiredContext { .. } => match peer {
            Some(peer) => format!("the certificate has expired on {}", peer.expires_at.format("%Y-%m-%d")),
            None => "the certificate has expired".to_owned(),
        },
        E::NotValidYet | E::NotValidYetContext { .. } => "the certificate is not valid yet".to_owned(),
        E::UnknownIssuer => "the certificate was issued by nobody that this system trusts".to_owned(),
        E::Revoked => "the certificate has been revoked".to_owned(),
        E::NotValidForName => "the certificate is for another name".to_owned(),
        E::NotValidForNameContext { expected, .. } => {
            format!("the certificate is not for `{}`", expected.to_str())
        }
        E::BadEncoding => "the certificate is malformed".to_owned(),
        _ => format!("the certificate does not verify: {problem}"),
    }
}
