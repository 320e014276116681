//! What a parser of this language needs: a place in a text, and an error that says where and what was meant.

use std::fmt;

/// A text that is not of the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where, in bytes from the start of the parsed text; always on a character boundary.
    pub offset: usize,
    /// How many bytes are wrong; 0 at the end of the text.
    pub length: usize,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What was probably meant, or what to do.
    pub help: Option<String>,
}

impl SyntaxError {
    pub(super) fn new(offset: usize, length: usize, message: impl Into<String>) -> Self {
        Self { offset, length, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn help_if(self, help: Option<String>) -> Self {
        Self { help: help.or(self.help), ..self }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.help.iter().try_for_each(|help| write!(f, "; {help}"))
    }
}

impl std::error::Error for SyntaxError {}

/// Whether a name that is written bare may hold this character.
pub(super) fn is_bare(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// A place in a text. Offsets count from the start of the whole text, so that errors point into what the user wrote.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str, at: usize) -> Self {
        Self { text, at }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Takes `token` if it comes next.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Takes characters while they are wanted.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    pub(super) fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// The text between two places.
    pub(super) fn since(&self, start: usize) -> &'t str {
        &self.text[start..self.at]
    }

    /// An error at the character that comes next.
    pub(super) fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError::new(self.at, self.peek().map_or(0, char::len_utf8), message)
    }

    /// An error about what was taken since `start`.
    pub(super) fn error_since(&self, start: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError::new(start, self.at - start, message)
    }

    /// What comes next, for messages.
    pub(super) fn next_shown(&self) -> String {
        self.peek().map_or_else(|| "the end".to_owned(), |c| format!("`{}`", c.escape_debug()))
    }

    /// Takes text in single or double quotes, with the escapes of JSON and `\'` (RFC 9535, section 2.3.1.1).
    pub(super) fn quoted(&mut self) -> Result<String, SyntaxError> {
        let start = self.at;
        let quote = self.bump().expect("the caller saw a quote");
        let mut text = String::new();
        loop {
            let at = self.at;
            match self.bump() {
                None => return Err(SyntaxError::new(start, self.at - start, "the quote is not closed")),
                Some(c) if c == quote => return Ok(text),
                Some('\\') => text.push(self.escape(at)?),
                Some(c) => text.push(c),
            }
        }
    }

    fn escape(&mut self, start: usize) -> Result<char, SyntaxError> {
        Ok(match self.bump() {
            Some(c @ ('"' | '\'' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => return self.unicode(start),
            _ => {
                let problem = self.error_since(start, format!("`{}` is not an escape", self.since(start)));
                return Err(problem.help("write `\\\\` for a backslash"));
            }
        })
    }

    /// `\u00e9`, or the two halves of a surrogate pair.
    fn unicode(&mut self, start: usize) -> Result<char, SyntaxError> {
        let first = self.hex4(start)?;
        let code = match first {
            0xD800..0xDC00 if self.eat("\\u") => match self.hex4(start)? {
                second @ 0xDC00..0xE000 => 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00),
                _ => first,
            },
            _ => first,
        };
        char::from_u32(code)
            .ok_or_else(|| self.error_since(start, format!("`{}` is half a character", self.since(start))))
    }

    fn hex4(&mut self, start: usize) -> Result<u32, SyntaxError> {
        let digits = self.rest().get(..4).filter(|four| four.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(digits) = digits else {
            return Err(self.error_since(start, "`\\u` needs four hexadecimal digits"));
        };
        self.at += 4;
        Ok(u32::from_str_radix(digits, 16).expect("four hexadecimal digits fit"))
    }
}
