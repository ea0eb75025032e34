//! Reference vectors of the ICD-9 rules.

use std::fs;
use std::path::PathBuf;

use rounds_environments::clinic::icd9;
use serde_json::Value;

/// Text of a vector file; `None` when a folder of vectors is named that does not hold it.
fn vectors(file: &str) -> Option<Value> {
    let named = std::env::var_os("ROUNDS_GOLDEN").map(PathBuf::from);
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden");
    let folder = named.clone().unwrap_or_else(|| PathBuf::from(own));
    let path = folder.join("dynamicare").join(file);
    if named.is_some() && !path.is_file() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    let text = fs::read_to_string(&path).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn cases<'a>(vectors: &'a Value, name: &str) -> &'a [Value] {
    let cases = vectors[name].as_array().map_or(&[][..], Vec::as_slice);
    println!("{name}: {} cases", cases.len());
    cases
}

#[test]
fn golden_icd9() {
    let Some(vectors) = vectors("icd9.json") else {
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
