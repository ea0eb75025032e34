//! Sheets are blinded, and the same seed gives the same bytes.

use std::collections::BTreeSet;

use super::{CASES, Place, SUITE};

/// Two arms whose doctors say different things.
const ARMS: &str = "\n[[arms]]\nname = \"zebra\"\n\n[[arms]]\nname = \"okapi\"\nset = { \
    \"policies.doctor.moves\" = [\"diagnose Cold\"] }\n";

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_others() {
    let place = Place::new();
    for extension in ["csv", "html"] {
        let export = |seed: &str, name: &str| {
            let file = format!("{name}.{extension}");
            let arguments = ["review", "export", "out", "--seed", seed, "--out", &file];
            place.ends(0, &arguments);
            let key = format!("{name}.key.json");
            let files = (
                place.read(&file).replace(name, "NAME"),
                place.read(&key).replace(name, "NAME"),
            );
            std::fs::remove_file(place.path(&key)).unwrap();
            files
        };
        let first = export("1", "first-sheet");
        assert!(first == export("1", "second-sheet"), "{extension}");
        assert!(first != export("2", "third-sheet"), "{extension}");
    }
}

#[test]
fn a_sheet_does_not_say_arm_truth_or_verdict() {
    let place = Place::with(&format!("{SUITE}{ARMS}"));
    let out = place.export(&["--checks", "all", "--seed", "5"]);
    assert!(out.contains("20 of 20 visits, 40 questions"), "{out}");
    assert!(
        out.contains("10 checks of the cases are not asked"),
        "{out}"
    );
    let page = ["review", "export", "out", "--out", "page.html"];
    place.ends(
        0,
        &[&page[..], &["--checks", "all", "--seed", "5"]].concat(),
    );
    for file in ["sheet.csv", "page.html"] {
        let text = place.read(file);
        for hidden in [
            "zebra",
            "okapi",
            "Influenza",
            "487",
            "passed",
            "failed",
            "missed",
            "score",
            "episode",
            "case-",
            "A title",
            "assessor",
            "points",
            "axis",
        ] {
            assert!(!text.contains(hidden), "{file} says {hidden:?}");
        }
        assert!(text.contains("I am glad to come, number 3."), "{file}");
        assert!(text.contains("I diagnose: Cold."), "{file}");
        assert!(text.contains("Was the doctor kind?"), "{file}");
        let words = "Does this hold: the doctor asked about cough? [asked(cough)]";
        assert!(text.contains(words), "{file}");
        assert!(!text.contains("://"), "{file}: no network");
    }
    let key = place.json("sheet.key.json");
    assert!(key["read_first"].as_str().unwrap().contains("Do not open"));
    let first = place.read("sheet.key.json");
    assert!(
        first.find("Do not open").unwrap() < 100,
        "it stands at its head"
    );
    let items = key["items"].as_array().unwrap();
    let ids: BTreeSet<&str> = items.iter().map(|i| i["item"].as_str().unwrap()).collect();
    assert_eq!((items.len(), ids.len()), (40, 40));
    let arms: BTreeSet<&str> = items.iter().map(|i| i["arm"].as_str().unwrap()).collect();
    assert_eq!(arms.len(), 2);
}

#[test]
fn a_sample_sees_every_case_and_an_arm_can_be_chosen() {
    let place = Place::with(&format!("{SUITE}{ARMS}"));
    place.export(&["--sample", "10", "--arm", "okapi"]);
    let key = place.json("sheet.key.json");
    let items = key["items"].as_array().unwrap();
    let of = |name: &str| -> BTreeSet<&str> {
        items.iter().map(|i| i[name].as_str().unwrap()).collect()
    };
    assert_eq!(of("case").len(), CASES);
    assert_eq!(of("arm"), BTreeSet::from(["okapi"]));
    let sheet = place.read("sheet.csv");
    let visits = sheet.matches("I diagnose: Cold.").count();
    assert_eq!(visits, CASES);
}
