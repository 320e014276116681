//! `@{{ path | filter | filter }}`: parsing, checking and rendering of references.
