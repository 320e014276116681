//! Files that a document names where it could have the content itself. Only the command line reads any: this finds
//! the places and puts the content there, so that everything after it sees a document without files.

use serde_json::{Map, Value};

use super::{Check, Document, Reading};
use crate::problem::{Problem, pointer_token};

/// Comparisons whose operand is a set of comparisons.
const NESTED: [&str; 4] = ["length", "all", "any", "none"];

impl Reading {
    /// Replaces the name of every JSON Schema file by what `read` finds there; what it does not find is a problem.
    pub fn embed_schemas(&mut self, mut read: impl FnMut(&str) -> Result<Value, Problem>) {
        let mut problems = Vec::new();
        if let Some(Document::Collection(collection)) = self.draft_mut() {
            for (index, step) in collection.steps.iter_mut().enumerate() {
                let until = step.poll.as_mut().map(|poll| &mut poll.until);
                let lists = [("assert", Some(&mut step.assert)), ("poll/until", until)];
                for (key, checks) in lists {
                    let checks = checks.into_iter().flatten().enumerate();
                    for (at, Check(members)) in checks {
                        let pointer = format!("/steps/{index}/{key}/{at}");
                        sources(members, &pointer, &mut read, &mut problems);
                    }
                }
            }
        }
        self.add(problems);
    }
}

type Read<'r> = &'r mut dyn FnMut(&str) -> Result<Value, Problem>;

fn sources(members: &mut Map<String, Value>, pointer: &str, read: Read<'_>, problems: &mut Vec<Problem>) {
    for (source, comparisons) in members {
        let pointer = format!("{pointer}/{}", pointer_token(source));
        nested(comparisons, &pointer, read, problems);
    }
}

fn nested(comparisons: &mut Value, pointer: &str, read: Read<'_>, problems: &mut Vec<Problem>) {
    let Value::Object(comparisons) = comparisons else { return };
    for (name, operand) in comparisons {
        let pointer = format!("{pointer}/{name}");
        match operand {
            // With a reference in it, it is no name of a file.
            Value::String(file) if name == "schema" && !file.contains("@{{") => match read(file) {
                Ok(schema) => *operand = schema,
                Err(problem) => {
                    problems.push(problem.under(&pointer));
                    *operand = Value::Bool(true);
                }
            },
            operand if NESTED.contains(&name.as_str()) => nested(operand, &pointer, read, problems),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::{read_text, to_value};

    const TEXT: &str = "
kind: collection
version: 1
id: a
steps:
  - id: get
    request: { url: 'http://shop.test' }
    assert:
      - body: { schema: ./order.json, type: object }
      - body.items: { all: { schema: items/one.json } }
      - body.title: { schema: '@{{vars.schema}}' }
    poll:
      until: [ { body: { schema: gone.json } } ]
";

    #[test]
    fn names_of_schema_files_give_way_to_their_content() {
        let mut reading = read_text(TEXT).remove(0);
        let mut asked = Vec::new();
        reading.embed_schemas(|file| {
            asked.push(file.to_owned());
            match file {
                "gone.json" => Err(Problem::error("", "there is no file `gone.json`")),
                _ => Ok(json!({ "title": file })),
            }
        });
        assert_eq!(asked, ["./order.json", "items/one.json", "gone.json"]);
        let problem = &reading.problems[0];
        assert_eq!((problem.pointer.as_str(), problem.line), ("/steps/0/poll/until/0/body/schema", Some(13)));
        let value = to_value(reading.draft().unwrap());
        let checks = &value["steps"][0]["assert"];
        assert_eq!(checks[0]["body"]["schema"], json!({ "title": "./order.json" }));
        assert_eq!(checks[1]["body.items"]["all"]["schema"], json!({ "title": "items/one.json" }));
        assert_eq!(checks[2]["body.title"]["schema"], "@{{vars.schema}}");
    }
}
