//! Certificates and keys as PEM text (RFC 7468): whether a text holds what it should. What they are good for is
//! decided where a connection is made.

use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{Error, PemObject},
};

/// The certificates in a text, in order.
///
/// # Errors
/// What is wrong with the text, as half a sentence that shows none of it.
pub fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    one_line(text)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let certificates = read.map_err(|error| broken(&error))?;
    if certificates.is_empty() {
        return Err(absent("certificate", "-----BEGIN CERTIFICATE-----"));
    }
    for (index, certificate) in certificates.iter().enumerate() {
        match x509_parser::parse_x509_certificate(certificate) {
            Ok(([], _)) => {}
            _ => return Err(format!("the PEM text's certificate {} is not one (X.509)", index + 1)),
        }
    }
    Ok(certificates)
}

/// The private key in a text: the first, and there should be one.
///
/// # Errors
/// What is wrong with the text, as half a sentence that shows none of it.
pub fn private_key(text: &str) -> Result<PrivateKeyDer<'static>, String> {
    one_line(text)?;
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|error| match error {
        Error::NoItemsFound if text.contains("BEGIN ENCRYPTED PRIVATE KEY") => {
            "the private key is encrypted; keep it without a passphrase, as a secret".to_owned()
        }
        Error::NoItemsFound => absent("private key", "-----BEGIN PRIVATE KEY-----"),
        error => broken(&error),
    })
}

/// A shell or an `.env` file may have kept `\n` as two characters.
fn one_line(text: &str) -> Result<(), String> {
    match text.contains("-----BEGIN") && text.contains("\\n") {
        true => Err("the PEM text has `\\n` instead of line breaks".to_owned()),
        false => Ok(()),
    }
}

fn absent(what: &str, begins: &str) -> String {
    format!("the PEM text holds no {what}: it begins with `{begins}`")
}

fn broken(error: &Error) -> String {
    match error {
        Error::MissingSectionEnd { .. } => "the PEM text has no `-----END` line".to_owned(),
        Error::IllegalSectionStart { .. } => "the PEM text's `-----BEGIN` line is broken".to_owned(),
        Error::Base64Decode(_) => "the PEM text between `-----BEGIN` and `-----END` is not Base64".to_owned(),
        _ => "the PEM text cannot be read".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_holds_no_certificate_or_key_says_what_it_lacks() {
        let garbage = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        for (text, expected) in [
            ("", "the PEM text holds no certificate: it begins with `-----BEGIN CERTIFICATE-----`"),
            (garbage, "the PEM text's certificate 1 is not one (X.509)"),
            ("-----BEGIN CERTIFICATE-----\naGVs", "the PEM text has no `-----END` line"),
            (&garbage.replace('\n', "\\n"), "the PEM text has `\\n` instead of line breaks"),
        ] {
            assert_eq!(certificates(text).unwrap_err(), expected, "{text}");
        }
        let encrypted =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\naGVsbG8=\n-----END ENCRYPTED PRIVATE KEY-----";
        assert!(private_key(encrypted).unwrap_err().starts_with("the private key is encrypted"));
        let certificate = private_key(garbage).unwrap_err();
        assert_eq!(
            certificate,
            "the PEM text holds no private key: it begins with `-----BEGIN PRIVATE KEY-----`"
        );
    }
}
