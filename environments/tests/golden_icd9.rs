//! Reference vectors of the ICD-9 rules.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

mod vectors;

use rounds_environments::clinic::icd9;
use serde_json::Value;

fn cases<'a>(vectors: &'a Value, name: &str) -> &'a [Value] {
    let cases = vectors[name].as_array().map_or(&[][..], Vec::as_slice);
    println!("{name}: {} cases", cases.len());
    cases
}

#[test]
fn golden_icd9() {
    let Some(vectors) = vectors::read("icd9.json") else {
        return;
    };
    let mut read = 0;
    for case in cases(&vectors, "diagnosis") {
        let code = case["in"].as_str().unwrap();
        let text = |key: &str| case[key].as_str();
        assert_eq!(
            icd9::normal_diagnosis(code).as_deref(),
            text("normal"),
            "{case}"
        );
        assert_eq!(
            icd9::dotted_diagnosis(code).as_deref(),
            text("dotted"),
            "{case}"
        );
        assert_eq!(icd9::category(code).as_deref(), text("category"), "{case}");
        assert_eq!(icd9::chapter(code), text("chapter"), "{case}");
        read += 1;
    }
    for case in cases(&vectors, "procedure") {
        let code = case["in"].as_str().unwrap();
        let text = |key: &str| case[key].as_str();
        assert_eq!(
            icd9::normal_procedure(code).as_deref(),
            text("normal"),
            "{case}"
        );
        assert_eq!(
            icd9::dotted_procedure(code).as_deref(),
            text("dotted"),
            "{case}"
        );
        read += 1;
    }
    for case in cases(&vectors, "match") {
        let (a, b) = (case["a"].as_str().unwrap(), case["b"].as_str().unwrap());
        let level = icd9::match_level(a, b).map(icd9::MatchLevel::name);
        assert_eq!(level, case["level"].as_str(), "{case}");
        read += 1;
    }
    assert!(read > 0, "no cases were read");
    println!("icd9: {read} cases in all");
}
