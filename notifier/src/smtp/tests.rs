use super::*;

fn read(url: &str) -> (String, u16, Encryption, String) {
    let smtp = Smtp::new(url, None, None).unwrap_or_else(|error| panic!("{url}: {error}"));
    (smtp.host, smtp.port, smtp.encryption, smtp.from.email.to_string())
}

fn why(url: &str, from: Option<&str>) -> String {
    Smtp::new(url, from, None).err().expect("it is refused").to_string()
}

#[test]
fn a_url_says_where_and_how() {
    let shown =
        |host: &str, port, encryption, from: &str| (host.to_owned(), port, encryption, from.to_owned());
    assert_eq!(read("smtps://mail.test"), shown("mail.test", 465, Encryption::Implicit, "skopos@mail.test"));
    let with_password = "smtp://alerts%40shop.test:p%40ss@mail.test";
    assert_eq!(read(with_password), shown("mail.test", 587, Encryption::Required, "alerts@shop.test"));
    assert_eq!(read("smtp://mail.test"), shown("mail.test", 25, Encryption::Offered, "skopos@mail.test"));
    assert_eq!(
        read("smtp://u:p@127.0.0.1:1025"),
        shown("127.0.0.1", 1025, Encryption::Offered, "skopos@localhost")
    );
    assert_eq!(read("smtp://u:p@mail.test?tls=never").2, Encryption::Never);
    assert_eq!(read("smtp://mail.test?tls=required").2, Encryption::Required);
}

#[test]
fn what_is_wrong_is_named_without_the_password() {
    assert!(why("mail.test:25", None).starts_with("`smtp.url` "), "{}", why("mail.test:25", None));
    assert_eq!(why("http://mail.test", None), "`smtp.url` has to begin with smtp:// or smtps://");
    assert!(why("smtp://u@mail.test", None).contains("a user without a password"));
    assert!(why("smtp://mail.test?tls=maybe", None).contains("`required`, `offered` or `never`"));
    assert!(why("smtps://mail.test?tls=never", None).contains("leave `?tls=` out"));
    assert!(why("smtp://mail.test", Some("nobody")).starts_with("`smtp.from` is not an e-mail address"));
    assert!(!why("smtp://u:hunter22@mail.test?tls=x", None).contains("hunter22"));
    assert!(Smtp::new("smtp://mail.test", None, Some(b"-----BEGIN CERTIFICATE-----\nx")).is_err());
}
