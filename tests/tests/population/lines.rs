//! How much a user writes.

/// Lines of code, those of `use` included; blank lines and comments do not count.
fn lines(source: &str) -> usize {
    let code = |line: &&str| !line.is_empty() && !line.starts_with("//");
    assert!(!source.contains("/*"), "comments are of one line here");
    // Lines that are longer than rustfmt leaves them would make the count a sham.
    assert!(source.lines().all(|line| line.chars().count() <= 100));
    source.lines().map(str::trim).filter(code).count()
}

#[test]
fn lines_of_code_are_counted_without_blank_ones_and_comments() {
    let source = "//! A doc.\n\nuse a::b;\n\n/// A doc.\nfn c() {\n    // Why.\n    d(); // e\n}\n";
    assert_eq!(lines(source), 4);
}

#[test]
fn schelling_takes_at_most_fifty_lines_and_flocking_eighty() {
    let schelling = lines(include_str!("../../../scenarios/examples/schelling.rs"));
    let flocking = lines(include_str!("../../../scenarios/examples/flocking.rs"));
    assert!(schelling <= 50, "{schelling}");
    assert!(flocking <= 80, "{flocking}");
}
