//! Ratings that cannot be right are refused with file and line, and nothing is written.

use super::{Place, person};

/// Asserts that importing ends with code 2, says all `parts` and leaves nothing.
#[track_caller]
fn refused(place: &Place, arguments: &[&str], parts: &[&str]) {
    let first = ["review", "import", "out"];
    let (_, errors) = place.ends(2, &[&first[..], arguments].concat());
    for part in parts {
        assert!(errors.contains(part), "no {part:?} in\n{errors}");
    }
    assert!(!errors.contains("panicked"), "{errors}");
    assert!(!place.path("out/review").exists(), "nothing is written");
}

/// A place with a sheet and ratings of which one text is replaced.
fn rated(from: &str, to: &str) -> Place {
    let place = Place::new();
    place.export(&[]);
    place.rate("anna.csv", "Anna", person);
    let text = place.read("anna.csv");
    assert!(text.contains(from), "{text}");
    place.write("anna.csv", &text.replacen(from, to, 1));
    place
}

#[test]
fn verdicts_items_and_columns_are_checked() {
    let place = rated(",yes,", ",yess,");
    refused(
        &place,
        &["anna.csv"],
        &["anna.csv, line ", "got \"yess\"", "did you mean \"yes\"?"],
    );
    let place = rated(",Anna\n", ",Anna\nabcdef,yes,Anna\n");
    refused(
        &place,
        &["anna.csv"],
        &["anna.csv, line 3: \"abcdef\" is no item of the sheet"],
    );
    let place = rated("item,verdict", "item,verdicts");
    refused(
        &place,
        &["anna.csv"],
        &[
            "line 1: expected a column \"verdict\"",
            "is it \"verdicts\"?",
        ],
    );
    let place = rated(",Anna\n", "\n");
    refused(
        &place,
        &["anna.csv"],
        &["line 2", "expected 3 cells, got 2"],
    );
}

#[test]
fn one_rater_may_not_say_two_things_of_one_item() {
    let place = rated("item,", "item,");
    place.rate("again.csv", "Anna", |case, check| match case {
        3 => "no",
        _ => person(case, check),
    });
    refused(
        &place,
        &["anna.csv", "again.csv"],
        &[
            "again.csv, line ",
            "Anna says otherwise of",
            "anna.csv, line ",
        ],
    );
    // The same thing twice counts once.
    place.rate("again.csv", "Anna", person);
    place.ends(0, &["review", "import", "out", "anna.csv", "again.csv"]);
    assert_eq!(
        place.json("out/review/review.json")["groups"][0]["rated"],
        10
    );
}

#[test]
fn what_is_empty_or_missing_is_said() {
    let place = Place::new();
    place.export(&[]);
    refused(&place, &["sheet.csv"], &["no verdict is filled in"]);
    refused(&place, &["shet.csv"], &["there is no such file"]);
    refused(
        &place,
        &["sheet.csv", "--key", "no.json"],
        &["no such key file"],
    );
    place.write("far/anna.csv", "item,verdict\n");
    refused(&place, &["far/anna.csv"], &["name it with --key"]);
    place.write("sheet.key.json", "{}");
    refused(&place, &["sheet.csv"], &["sheet.key.json", "read_first"]);
}

#[test]
fn a_key_of_another_run_is_refused() {
    let place = rated("item,", "item,");
    let suite = place.read("suite.toml").replace("\"ask cough\", ", "");
    place.write("suite.toml", &suite);
    place.ends(0, &["evaluate", "suite.toml", "--out", "other", "--quiet"]);
    let arguments = ["review", "import", "other", "anna.csv"];
    let (_, errors) = place.ends(2, &arguments);
    assert!(errors.contains("the key is of another run"), "{errors}");
    // A key that was tampered with names items that are not there.
    let key = place
        .read("sheet.key.json")
        .replacen("\"case\": \"case-", "\"case\": \"x", 1);
    let seed = key.replacen("\"seed\": 0", "\"seed\": 1", 1);
    place.write("sheet.key.json", &seed);
    refused(
        &place,
        &["anna.csv"],
        &["no such question", "export a new sheet"],
    );
}

#[test]
fn exports_that_cannot_be_are_refused() {
    let place = Place::new();
    let export = |more: &[&str], part: &str| {
        let (_, errors) = place.ends(2, &[&["review", "export", "out"][..], more].concat());
        assert!(errors.contains(part), "no {part:?} in\n{errors}");
    };
    export(&["--out", "sheet.txt"], "ends in .html or .csv");
    export(&["--out", "s.csv", "--sample", "0"], "--sample");
    export(
        &["--out", "s.csv", "--arm", "defalt"],
        "did you mean \"default\"?",
    );
    place.write("s.key.json", "{}");
    export(&["--out", "s.csv"], "s.key.json: the file exists");
    assert!(!place.path("s.csv").exists());
    place.write("else/notes.txt", "mine");
    place.export(&[]);
    place.rate("anna.csv", "Anna", person);
    refused(
        &place,
        &["anna.csv", "--key", "sheet.key.json", "--out", "else"],
        &["holds something else than a review"],
    );
}
