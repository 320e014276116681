use super::*;

#[test]
fn the_examples_read_without_problems() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        for reading in read_text(&std::fs::read_to_string(&path).unwrap()) {
            assert_eq!(reading.problems, [], "{}", path.display());
            assert!(reading.document.is_some());
        }
        files += 1;
    }
    assert!(files > 0);
}
