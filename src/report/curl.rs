//! A request as a line for the shell, to try a failed step by hand. Secrets stay masked, so it may need filling in.

use domain::result::SentRequest;

/// Headers that curl writes by itself, and would contradict if they were repeated.
const OWN: [&str; 4] = ["host", "content-length", "connection", "transfer-encoding"];

/// The curl command that sends the same request.
pub(super) fn command(request: &SentRequest) -> String {
    let mut words = vec!["curl".to_owned()];
    match (request.method.as_str(), &request.body) {
        ("GET", None) => {}
        ("HEAD", None) => words.push("--head".to_owned()),
        (method, _) => words.push(format!("-X {}", quoted(method))),
    }
    if request.url.contains(['[', ']', '{', '}']) {
        words.push("--globoff".to_owned());
    }
    words.push(quoted(&request.url));
    for (name, value) in &request.headers {
        let lower = name.to_ascii_lowercase();
        if lower == "accept-encoding" {
            words.push("--compressed".to_owned());
        } else if !OWN.contains(&lower.as_str()) {
            words.push(format!("-H {}", quoted(&format!("{name}: {value}"))));
        }
    }
    if let Some(body) = &request.body {
        // Not --data, which reads a file when the text begins with `@`.
        words.push(format!("--data-raw {}", quoted(body)));
    }
    words.join(" ")
}

/// One word of a POSIX shell: everything is literal between single quotes but the single quote itself.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:%+=,@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, url: &str, headers: &[(&str, &str)], body: Option<&str>) -> SentRequest {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        SentRequest { method: method.to_owned(), url: url.to_owned(), headers, body: body.map(str::to_owned) }
    }

    #[test]
    fn a_get_is_as_short_as_it_can_be() {
        let request = request("GET", "http://shop.test/a", &[("Host", "shop.test")], None);
        assert_eq!(command(&request), "curl http://shop.test/a");
    }

    #[test]
    fn everything_that_the_shell_or_curl_would_touch_is_quoted() {
        let headers = [("Accept-Encoding", "gzip"), ("Authorization", "Bearer ***"), ("Content-Length", "9")];
        let request = request("POST", "http://shop.test/?a[]=$HOME", &headers, Some("@it's `x`"));
        assert_eq!(
            command(&request),
            r"curl -X POST --globoff 'http://shop.test/?a[]=$HOME' --compressed -H 'Authorization: Bearer ***' --data-raw '@it'\''s `x`'"
        );
    }
}
