//! `each`: the rows for which a collection's steps run, and how they stand in a CSV file. What steps may refer to in
//! them is checked where the collection is compiled.

use std::collections::HashSet;

use csv::{Error, ErrorKind, Position, ReaderBuilder, StringRecord};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// Rows of one collection, at most: a run sends no more requests than that.
pub const MAX_ROWS: usize = 1_000;

/// What the steps run for.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Each {
    /// One by one, from the first. Their values are data: nothing in them is a reference.
    Rows(#[schemars(length(min = 1, max = 1000))] Vec<Map<String, Value>>),
    /// A CSV file in the document's folder, which only the command line reads.
    File(String),
    /// A file that could not be read: the document is refused for that, and nothing is said about its rows.
    #[schemars(skip)]
    Unreadable,
}

impl Each {
    /// The rows; none as long as nobody has read their file.
    #[must_use]
    pub fn rows(&self) -> &[Map<String, Value>] {
        match self {
            Self::Rows(rows) => rows,
            Self::File(_) | Self::Unreadable => &[],
        }
    }
}

/// The rows of a CSV file (RFC 4180, UTF-8, with or without a byte order mark): its first line names the columns, and all
/// values are texts, which is what CSV has.
///
/// # Errors
/// What is wrong, and in which line and column.
pub(super) fn from_csv(bytes: &[u8]) -> Result<Vec<Map<String, Value>>, String> {
    // Taken off here, for in front of a quote the reader would leave it in the first name.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().from_reader(bytes);
    let table = Table(bytes);
    let columns = reader.headers().map_err(|error| table.told(&error, &StringRecord::new()))?.clone();
    table.named(&columns)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| table.told(&error, &columns))?;
        if rows.len() == MAX_ROWS {
            let at = table.line(record.position());
            return Err(format!("line {at}: there are more than {MAX_ROWS} rows"));
        }
        rows.push(columns.iter().zip(&record).map(|(name, text)| (name.to_owned(), text.into())).collect());
    }
    if rows.is_empty() {
        return Err("there are no rows below the line that names the columns".to_owned());
    }
    Ok(rows)
}

/// The text, to tell places in it.
struct Table<'b>(&'b [u8]);

impl Table<'_> {
    /// Every column has a name of its own.
    fn named(&self, columns: &StringRecord) -> Result<(), String> {
        if columns.is_empty() {
            return Err("line 1: the first line names the columns, and there is none".to_owned());
        }
        let at = self.line(columns.position());
        let mut seen = HashSet::new();
        for (number, name) in (1..).zip(columns) {
            if name.trim().is_empty() {
                return Err(format!("line {at}, column {number}: the column has no name"));
            }
            if !seen.insert(name) {
                return Err(format!("line {at}, column {number}: another column is called `{name}`"));
            }
        }
        Ok(())
    }

    fn told(&self, error: &Error, columns: &StringRecord) -> String {
        match error.kind() {
            ErrorKind::UnequalLengths { pos, len, expected_len } => {
                let (at, values) = (self.line(pos.as_ref()), counted(*len, "value"));
                format!(
                    "line {at}: it has {values}, and the first line names {}",
                    counted(*expected_len, "column")
                )
            }
            ErrorKind::Utf8 { pos, err } => {
                let name = columns.get(err.field()).map(|name| format!(" (`{name}`)")).unwrap_or_default();
                let (at, column) = (self.line(pos.as_ref()), err.field() + 1);
                format!("line {at}, column {column}{name}: it is not UTF-8")
            }
            _ => error.to_string(),
        }
    }

    /// Where a record begins: the reader gives the end of the one before, and empty lines may follow that.
    fn line(&self, position: Option<&Position>) -> u64 {
        let Some(position) = position else { return 1 };
        let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
        let rest = self.0.get(start..).unwrap_or_default();
        let between = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        position.line() + between.filter(|byte| **byte == b'\n').count() as u64
    }
}

fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: impl AsRef<[u8]>) -> Result<Value, String> {
        from_csv(text.as_ref()).map(|rows| json!(rows))
    }

    #[test]
    fn the_first_line_names_the_columns_and_values_are_texts() {
        let text = "sku,unit price,note\r\nA,4,\"a, \"\"b\"\"\nc\"\r\nB,,@{{not.a.reference}}\r\n";
        let expected = json!([
            { "sku": "A", "unit price": "4", "note": "a, \"b\"\nc" },
            { "sku": "B", "unit price": "", "note": "@{{not.a.reference}}" },
        ]);
        assert_eq!(read(text), Ok(expected.clone()));
        assert_eq!(read(format!("\u{feff}{text}")), Ok(expected));
        assert_eq!(read("\u{feff}\"a\"\n1"), Ok(json!([{ "a": "1" }])));
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_line_and_column() {
        for (text, problem) in [
            (&b""[..], "line 1: the first line names the columns, and there is none"),
            (b"a,b\n", "there are no rows below the line that names the columns"),
            (b"a,,c\n1,2,3\n", "line 1, column 2: the column has no name"),
            (b"a, \n1,2\n", "line 1, column 2: the column has no name"),
            (b"a,b,a\n1,2,3\n", "line 1, column 3: another column is called `a`"),
            (b"a,b\n1,2\n\n3\n", "line 4: it has 1 value, and the first line names 2 columns"),
            (b"a,b\n1,2,3\n", "line 2: it has 3 values, and the first line names 2 columns"),
            (b"a,b\n1,\"x\ny\"\n2,\xff\n", "line 4, column 2 (`b`): it is not UTF-8"),
            (b"a,\xff\n1,2\n", "line 1, column 2: it is not UTF-8"),
        ] {
            assert_eq!(read(text), Err(problem.to_owned()), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn a_file_has_a_thousand_rows_at_the_most() {
        let file = |rows| format!("a\n{}", "x\n".repeat(rows));
        assert_eq!(read(file(MAX_ROWS)).unwrap().as_array().unwrap().len(), MAX_ROWS);
        assert_eq!(read(file(MAX_ROWS + 1)), Err("line 1002: there are more than 1000 rows".to_owned()));
    }
}
