//! TLS: one provider, the operating system's roots, and a verifier that remembers what it saw even when it refuses.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::DateTime;
use domain::{
    exchange::{Connection, HttpVersion, Identity, TlsPeer},
    outcome::ReasonCode,
    pem,
};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore,
    SignatureScheme,
    client::{
        Resumption, WantsClientCert, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{Shared, failure::Problem};

/// The provider is passed, never installed, so this crate does not depend on what `main` did.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

pub(crate) const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// What is offered in a handshake with a server of that version of HTTP.
pub(crate) fn protocols(version: HttpVersion) -> &'static [&'static [u8]] {
    match version {
        HttpVersion::Auto => &[HTTP2, HTTP1],
        HttpVersion::Http1 => &[HTTP1],
        HttpVersion::Http2 => &[HTTP2],
    }
}

/// Whom we believe and who we are.
#[derive(Clone)]
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    verifier: Arc<dyn ServerCertVerifier>,
    accept_invalid: bool,
}

impl Tls {
    /// Believes that verifier, and shows no certificate.
    pub(crate) fn new(verifier: Arc<dyn ServerCertVerifier>) -> Self {
        let config = builder(verifier.clone()).with_no_client_auth();
        Self::assemble(config, verifier)
    }

    fn assemble(mut config: ClientConfig, verifier: Arc<dyn ServerCertVerifier>) -> Self {
        // Every handshake is a full one and shows its certificate: a monitor wants to see it.
        config.resumption = Resumption::disabled();
        Self { config: Arc::new(config), verifier, accept_invalid: false }
    }

    /// As that connection wants it.
    ///
    /// # Errors
    ///
    /// Which PEM text cannot be used, and why; or that the operating system has no authorities.
    pub(crate) fn of(shared: &Shared, connection: &Connection) -> Result<Self, Problem> {
        let unusable = |message: String| Problem::new(ReasonCode::ReferenceInvalid, message);
        let usual = || shared.tls().map_err(|error| Problem::new(ReasonCode::Internal, error.to_string()));
        let tls = match (&connection.ca, &connection.identity) {
            (None, None) => usual()?.clone(),
            (ca, identity) => {
                let verifier = match ca {
                    Some(ca) => {
                        trusting(ca).map_err(|why| unusable(format!("`tls.ca` cannot be used: {why}")))?
                    }
                    None => usual()?.verifier.clone(),
                };
                let config = builder(verifier.clone());
                let config = match identity {
                    Some(identity) => with_identity(config, identity).map_err(unusable)?,
                    None => config.with_no_client_auth(),
                };
                Self::assemble(config, verifier)
            }
        };
        Ok(Self { accept_invalid: connection.accept_invalid_certificates, ..tls })
    }

    /// Sees one handshake.
    pub(crate) fn witness(&self) -> Arc<Witness> {
        let (verifier, accept_invalid) = (self.verifier.clone(), self.accept_invalid);
        Arc::new(Witness { verifier, accept_invalid, seen: Mutex::default() })
    }

    /// Makes a full handshake, which the witness sees.
    pub(crate) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        witness: &Arc<Witness>,
        protocols: &[&[u8]],
        host: &str,
        stream: S,
    ) -> io::Result<TlsStream<S>> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            io::Error::other(rustls::Error::General("the host is no name for TLS".to_owned()))
        })?;
        let mut config = ClientConfig::clone(&self.config);
        config.dangerous().set_certificate_verifier(witness.clone());
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

fn builder(verifier: Arc<dyn ServerCertVerifier>) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
}

fn with_identity(
    config: ConfigBuilder<ClientConfig, WantsClientCert>,
    identity: &Identity,
) -> Result<ClientConfig, String> {
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

/// Remembers the leaf certificate of one handshake, then decides about it.
#[derive(Debug)]
pub(crate) struct Witness {
    verifier: Arc<dyn ServerCertVerifier>,
    accept_invalid: bool,
    seen: Mutex<Option<TlsPeer>>,
}

impl Witness {
    /// The certificate, if one was shown, whether or not it was accepted.
    pub(crate) fn seen(&self) -> Option<TlsPeer> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<TlsPeer>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spoken(&self, version: &str) {
        if let Some(peer) = &mut *self.lock() {
            peer.version = Some(version.to_owned());
        }
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.verifier.verify_server_cert(leaf, intermediates, name, ocsp, now);
        *self.lock() = describe(leaf, verdict.as_ref().err());
        if self.accept_invalid { Ok(ServerCertVerified::assertion()) } else { verdict }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.spoken("TLSv1.2");
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.spoken("TLSv1.3");
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
