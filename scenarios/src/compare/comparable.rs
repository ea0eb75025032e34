//! Whether two runs can be compared, and whether case by case.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::side::Side;

/// Something that must be equal and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What: the suite, a case, the scorer, the family, the metrics.
    pub what: String,
    /// That of the first run.
    pub a: String,
    /// That of the second run.
    pub b: String,
}

/// Why two runs cannot be compared: at least one mismatch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct NotComparable(pub Vec<Mismatch>);

/// Mismatches that a message names; of the others it tells the number.
const NAMED: usize = 10;

impl fmt::Display for NotComparable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not comparable: ")?;
        for (at, mismatch) in self.0.iter().take(NAMED).enumerate() {
            let Mismatch { what, a, b } = mismatch;
            let comma = if at > 0 { "; " } else { "" };
            write!(f, "{comma}{what} differs, A has {a}, B has {b}")?;
        }
        match self.0.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// How two comparable runs are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pairing {
    /// Case by case.
    Paired,
    /// As two groups of different cases, for this reason.
    Unpaired(String),
}

/// Whether two sides can be compared, by their manifests and tables.
///
/// Evaluations must be of one suite with equal cases and one scorer, and are then paired by case.
/// Plain runs must be of one family with the same metrics and scorer; they are paired when data and
/// seeds are the same.
///
/// # Errors
/// [`NotComparable`] with everything that differs.
pub fn comparable(a: &Side, b: &Side) -> Result<Pairing, NotComparable> {
    let mut mismatches = Vec::new();
    let mut same = |what: String, x: String, y: String| {
        if x != y {
            mismatches.push(Mismatch { what, a: x, b: y });
        }
    };
    same("the family".to_owned(), a.family(), b.family());
    let of = |side: &Side, key: &str| match side.manifest().data.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => "none".to_owned(),
    };
    same("the suite".to_owned(), of(a, "suite"), of(b, "suite"));
    same("the scorer".to_owned(), of(a, "scorer"), of(b, "scorer"));
    if let [Some(Value::Object(x)), Some(Value::Object(y))] =
        [a, b].map(|side| side.manifest().data.get("cases"))
    {
        for (case, hash) in x {
            // A case that one side was not asked to run is left out, which is told.
            if let Some(other) = y.get(case) {
                same(format!("case {case}"), plain(hash), plain(other));
            }
        }
    }
    if a.suite().is_none() && b.suite().is_none() && a.metrics != b.metrics {
        let only = |x: &BTreeSet<String>, y: &BTreeSet<String>| {
            let names: Vec<&str> = x.difference(y).map(String::as_str).collect();
            match names.len() {
                0 => "no others".to_owned(),
                1..=6 => names.join(", "),
                more => format!("{} and {} more", names[..5].join(", "), more - 5),
            }
        };
        same(
            "the set of metrics".to_owned(),
            only(&a.metrics, &b.metrics),
            only(&b.metrics, &a.metrics),
        );
    }
    if !mismatches.is_empty() {
        return Err(NotComparable(mismatches));
    }
    Ok(pairing(a, b))
}

fn pairing(a: &Side, b: &Side) -> Pairing {
    if a.suite().is_some() {
        return Pairing::Paired;
    }
    if let Some(what) = other_patients(a, b) {
        return Pairing::Unpaired(format!("other patients: {what}"));
    }
    if a.seeds().is_disjoint(&b.seeds()) {
        let [x, y] = [a, b].map(Side::seeds_text);
        return Pairing::Unpaired(format!("other seeds: {x} against {y}"));
    }
    Pairing::Paired
}

/// What differs in the data that patients come from. What doctors learned from and models answer
/// from is no part of it, and neither is how many of the records were taken.
fn other_patients(a: &Side, b: &Side) -> Option<String> {
    let patients = |side: &Side| {
        let mut data = match &side.manifest().data {
            Value::Object(data) => data.clone(),
            _ => return serde_json::Map::new(),
        };
        for key in ["learned", "models", "records", "scorer"] {
            data.remove(key);
        }
        data
    };
    let [x, y] = [patients(a), patients(b)];
    let keys: BTreeSet<&String> = x.keys().chain(y.keys()).collect();
    let differs = keys.into_iter().find(|key| x.get(*key) != y.get(*key))?;
    let show = |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), plain);
    Some(format!(
        "data.{differs} is {} against {}",
        show(x.get(differs)),
        show(y.get(differs))
    ))
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::super::side::Part;
    use super::*;
    use crate::run::Manifest;

    pub(in super::super) fn side(seed: u64, data: Value) -> Side {
        Side {
            folder: PathBuf::from("r"),
            arm: "default".to_owned(),
            parts: vec![Part {
                folder: PathBuf::from("r"),
                manifest: Manifest {
                    first: 0,
                    schema: String::new(),
                    scenario: "ward".to_owned(),
                    arm: "default".to_owned(),
                    seed,
                    episodes: 3,
                    hash: String::new(),
                    resolved: "[environment]\nkind = \"clinic\"\n".to_owned(),
                    version: String::new(),
                    data,
                    restricted: false,
                    machine: Value::Null,
                    notice: String::new(),
                    sent_to: Vec::new(),
                    diverged: None,
                },
            }],
            metrics: ["hit@1".to_owned()].into(),
        }
    }

    #[test]
    fn evaluations_need_one_suite_equal_cases_and_one_scorer() {
        let of = |suite: &str, case: &str, scorer: &str| {
            let cases = json!({"chest": case, "fever": "f"});
            side(1, json!({"suite": suite, "cases": cases, "scorer": scorer}))
        };
        let base = of("s", "c", "rounds.scorer/1");
        assert_eq!(comparable(&base, &base), Ok(Pairing::Paired));
        for (other, part) in [
            (
                of("t", "c", "rounds.scorer/1"),
                "the suite differs, A has s, B has t",
            ),
            (
                of("s", "d", "rounds.scorer/1"),
                "case chest differs, A has c, B has d",
            ),
            (of("s", "c", "rounds.scorer/2"), "B has rounds.scorer/2"),
            (
                side(1, json!({"knowledge": "builtin"})),
                "the family differs, A has evaluation, B has clinic",
            ),
        ] {
            let error = comparable(&base, &other).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn other_seeds_and_other_patients_are_not_paired() {
        let base = side(7, json!({"knowledge": "builtin", "models": {"m": 1}}));
        let same = side(7, json!({"knowledge": "builtin"}));
        assert_eq!(comparable(&base, &same), Ok(Pairing::Paired));
        let seed = side(8, json!({"knowledge": "builtin"}));
        let patients = side(7, json!({"knowledge": "mine"}));
        for (other, part) in [
            (seed, "seed 7 against seed 8"),
            (patients, "builtin against mine"),
        ] {
            let Ok(Pairing::Unpaired(why)) = comparable(&base, &other) else {
                panic!("paired");
            };
            assert!(why.contains(part), "{why}");
        }
    }

    #[test]
    fn other_metrics_are_told() {
        let base = side(7, Value::Null);
        let mut more = base.clone();
        more.metrics.insert("unmapped".to_owned());
        let error = comparable(&base, &more).unwrap_err().to_string();
        assert!(error.contains("A has no others, B has unmapped"), "{error}");
    }
}
