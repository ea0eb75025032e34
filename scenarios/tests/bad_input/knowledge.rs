//! Knowledge bases of users.

use crate::Place;

const HEADER: &str = "disease,evidence,probability,cost,parent\n";

/// Asserts that a base is refused alike when it is run, checked and named by a scenario.
#[track_caller]
fn refused(place: &Place, bytes: &[u8], parts: &[&str]) {
    place.write("base.csv", bytes);
    let set = "--set environment.patients.knowledge=base.csv";
    let run = place.fails(2, &format!("run ward.toml {set}"), parts);
    let check = place.fails(2, &format!("check ward.toml {set}"), parts);
    let data = place.fails(2, "data check base.csv", parts);
    assert_eq!((&run, &run), (&check, &data));
    assert!(!place.path("runs").exists());
}

#[test]
fn a_wrong_row_is_named_with_its_line() {
    let place = Place::new();
    for (rows, why) in [
        (
            "Flu,fever,1.5,1,\n",
            "line 2: expected a probability within 0 and 1, got 1.5",
        ),
        (
            "Flu,fever,-0.1,1,\n",
            "line 2: expected a probability within 0 and 1, got -0.1",
        ),
        (
            "Flu,fever,nan,1,\n",
            "line 2: probability: expected a number, got \"nan\"",
        ),
        (
            "Flu,fever,often,1,\n",
            "line 2: probability: expected a number, got \"often\"",
        ),
        (
            "Flu,fever,0.5,0,\n",
            "line 2: \"fever\": cost must be above 0, got 0",
        ),
        (
            "Flu,fever,0.5\n",
            "line 2: expected 5 fields as in the header, got 3",
        ),
        (
            "Flu,chill,0.5,1,\nFlu,fever,0.5,1,chil\n",
            "line 3: parent \"chil\" is no evidence of this file; did you mean \"chill\"?",
        ),
        (
            "Flu,fever,0.5,1,chills\nFlu,chills,0.4,1,fever\n",
            "line 2: \"fever\": its parents form a cycle",
        ),
        (
            "Flu,fever,0.5,1,fever\n",
            "line 2: \"fever\": its parents form a cycle",
        ),
    ] {
        let expected = format!("base.csv, {why}");
        refused(&place, format!("{HEADER}{rows}").as_bytes(), &[&expected]);
    }
}

#[test]
fn a_base_needs_a_header_and_rows() {
    let place = Place::new();
    refused(
        &place,
        b"",
        &["base.csv: the file is empty, expected a header"],
    );
    refused(
        &place,
        HEADER.as_bytes(),
        &["base.csv: expected at least one condition"],
    );
    let headless = b"Flu,fever,0.5,1\nFlu,chills,0.5,1\n";
    refused(
        &place,
        headless,
        &["line 1: unknown column \"flu\", expected disease, evidence"],
    );
    let misspelt = b"disease,evidence,probability,kost\nFlu,fever,0.5,1\n";
    refused(
        &place,
        misspelt,
        &["line 1: unknown column \"kost\"", "did you mean \"cost\"?"],
    );
    let no_cost = b"disease,evidence,probability\nFlu,fever,0.5\n";
    refused(&place, no_cost, &["line 1: expected a column cost"]);
    let latin = b"disease,evidence,probability,cost\nFlu,fi\xe8vre,0.5,1\n";
    refused(
        &place,
        latin,
        &["base.csv: cannot be read: line 2 is not UTF-8 text"],
    );
}

#[test]
fn a_table_of_rates_is_checked_as_a_knowledge_base() {
    let place = Place::new();
    place.write("rates.json", "{\"binary_evidence\": [\"a\"]}");
    place.fails(
        2,
        "data check rates.json",
        &["rates.json, line 1", "missing field"],
    );
}

#[test]
fn a_scenario_is_no_knowledge_base() {
    let place = Place::new();
    place.fails(
        2,
        "data check ward.toml",
        &["rounds check ward.toml checks it"],
    );
}
