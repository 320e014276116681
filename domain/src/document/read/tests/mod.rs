mod values;
mod words;
