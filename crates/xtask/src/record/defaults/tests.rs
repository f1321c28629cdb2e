//! Ours against the goldens.

use super::*;

#[test]
fn ours_are_upstreams() {
    let schema = schema::builtin();
    let mut goldens = BTreeMap::new();
    let mut compared = 0;
    let mut wrong = String::new();
    for case in cases().expect("cases") {
        let path = golden(&case.gvk);
        let golden = goldens.entry(path.clone()).or_insert_with(|| read(&path));
        let theirs = golden.remove(&format!("{} {}", case.gvk.kind, case.name)).unwrap_or_default();
        let mut object = case.object.clone();
        let id = schema.root(&case.gvk).expect("a kind");
        schema::defaults::apply(schema, id, &mut object);
        let ours = changes(&case.object, &object);
        compared += 1;
        for line in theirs.iter().filter(|line| !ours.contains(line)) {
            writeln!(wrong, "{:?} {}: missing {line}", case.gvk, case.name).expect("a string");
        }
        for line in ours.iter().filter(|line| !theirs.contains(line)) {
            writeln!(wrong, "{:?} {}: too much {line}", case.gvk, case.name).expect("a string");
        }
    }
    println!("{compared} cases compared");
    assert!(wrong.is_empty(), "{wrong}");
    assert!(goldens.values().all(BTreeMap::is_empty), "goldens without a case: {goldens:?}");
    assert!(compared > 500, "{compared}");
}

/// The lines of a golden by their case.
fn read(path: &PathBuf) -> BTreeMap<String, Vec<String>> {
    let mut cases: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut at = String::new();
    for line in text.lines() {
        match line.strip_prefix(' ') {
            Some(change) => cases.entry(at.clone()).or_default().push(change.to_owned()),
            None => line.clone_into(&mut at),
        }
    }
    cases
}
