//! References in a URL. A value is percent-encoded so that it stays the piece it was put in; at the very start it is a
//! base URL. Whatever a value holds, it cannot move the request to another host or path unless the author of the text
//! said so: with `| raw`, or by making a reference the host or the base.

use super::{
    Filter, NoValue, Reference, Scope, Template, Unresolved,
    filter::percent,
    render::{control_name, resolve_text},
    template::Piece,
};

/// Where in a URL a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the `@` of the authority.
    UserInfo,
    /// Host and port, which begin at this byte.
    Host(usize),
    /// Between authority and query; its last segment begins at this byte.
    Path(usize),
    /// Query or fragment.
    Tail,
}

impl Template {
    /// The URL. Not checked to be one, nor to be absolute: that is for whoever parses it.
    ///
    /// # Errors
    /// The first reference without a value, or whose value cannot stand where it is.
    pub fn render_url(&self, scope: &dyn Scope) -> Result<String, Unresolved> {
        let mut url = String::with_capacity(self.size_hint());
        let mut base = 0;
        for (at, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Text(literal) => url.push_str(literal),
                Piece::Reference(reference) => {
                    let value = resolve_text(reference, scope)?;
                    let fitted = if at == 0 || reference.filters().contains(&Filter::Raw) {
                        as_it_is(value)
                    } else {
                        fit(reference, &value, &Before { url: &url, base }, &self.pieces[at + 1..])
                    };
                    url.push_str(&fitted.map_err(|none| none.of(reference))?);
                }
            }
            if at == 0 && matches!(piece, Piece::Reference(_)) {
                base = url.len();
            }
        }
        Ok(url)
    }
}

/// What is already written when a value comes.
struct Before<'u> {
    url: &'u str,
    /// How many bytes of it a leading reference gave.
    base: usize,
}

/// URL parsers drop tabs and line ends without a word; better to say so.
fn as_it_is(value: String) -> Result<String, NoValue> {
    match value.chars().find(char::is_ascii_control) {
        Some(control) => Err(NoValue::invalid(format!("a URL cannot hold {}", control_name(control)))),
        None => Ok(value),
    }
}

/// The value as it can stand after what is written and before the next pieces.
fn fit(reference: &Reference, value: &str, before: &Before<'_>, next: &[Piece]) -> Result<String, NoValue> {
    let encoded = || if is_encoded(reference) { value.to_owned() } else { percent(value) };
    match place(before.url, next) {
        Place::UserInfo | Place::Tail => Ok(encoded()),
        Place::Host(start) => host(value, start, before, next),
        Place::Path(start) => {
            let encoded = encoded();
            let segment =
                format!("{}{encoded}", &before.url[start..]).to_ascii_lowercase().replace("%2e", ".");
            if matches!(segment.as_str(), "." | "..") && ends_piece(next, "/\\?#") {
                return Err(NoValue::invalid("its value would be a `.` or `..` in the path and change it"));
            }
            Ok(encoded)
        }
    }
}

/// A value that is already percent-encoded is not encoded twice.
fn is_encoded(reference: &Reference) -> bool {
    reference.filters().last() == Some(&Filter::UrlEncode)
}

/// A host is the one place where encoding does not help: what does not belong there is refused.
fn host(value: &str, start: usize, before: &Before<'_>, next: &[Piece]) -> Result<String, NoValue> {
    if start <= before.base && before.base > 0 {
        let message = "its value would change the host of the base URL before it; put a `/` between them, or write `| raw`";
        return Err(NoValue::invalid(message));
    }
    let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if !value.chars().all(|c| belongs(c) || (!c.is_ascii() && c.is_alphabetic())) {
        return Err(NoValue::invalid("its value holds a character that the host of a URL cannot have"));
    }
    if value.is_empty() && before.url.len() == start && ends_piece(next, "/\\?#:") {
        return Err(NoValue::invalid("its value is empty, the URL would have no host"));
    }
    Ok(value.to_owned())
}

/// Whether the piece that is being written ends here, or might.
fn ends_piece(next: &[Piece], delimiters: &str) -> bool {
    match next.first() {
        Some(Piece::Text(literal)) => literal.starts_with(|c| delimiters.contains(c)),
        Some(Piece::Reference(_)) | None => true,
    }
}

fn place(url: &str, next: &[Piece]) -> Place {
    let authority = authority_start(url);
    let rest = &url[authority.unwrap_or_default()..];
    if rest.contains(['?', '#']) {
        return Place::Tail;
    }
    let start_of_segment = |at: usize| url.len() - rest.len() + at + 1;
    match (rest.rfind(['/', '\\']), authority) {
        (Some(slash), _) => Place::Path(start_of_segment(slash)),
        (None, None) => Place::Path(0),
        (None, Some(_)) if has_at_sign(next) => Place::UserInfo,
        (None, Some(authority)) => Place::Host(rest.rfind('@').map_or(authority, start_of_segment)),
    }
}

/// Where the authority begins: after the scheme and however many slashes, as the URL standard reads `https:/host`.
fn authority_start(url: &str) -> Option<usize> {
    let (scheme, rest) = url.split_once(':')?;
    let is_scheme = scheme.trim_start().starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.trim_start().chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    is_scheme.then(|| url.len() - rest.trim_start_matches(['/', '\\']).len())
}

/// Whether an `@` follows before the authority ends: what comes before it is a user or a password.
fn has_at_sign(next: &[Piece]) -> bool {
    next.iter()
        .filter_map(|piece| match piece {
            Piece::Text(literal) => literal.chars().find(|c| matches!(c, '@' | '/' | '\\' | '?' | '#')),
            Piece::Reference(_) => None,
        })
        .next()
        == Some('@')
}
