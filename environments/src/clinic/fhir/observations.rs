//! Observations as measurements of a record.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::bundle::{Resource, words};
use super::instant::Instant;
use super::visit::first_code;
use crate::clinic::record::{Measurement, is_named_section};

type Series = BTreeMap<String, BTreeMap<String, Vec<Measurement>>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemFile {
    item: Vec<Items>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Items {
    section: String,
    codes: BTreeMap<String, String>,
}

static ITEMS: LazyLock<BTreeMap<String, (String, String)>> = LazyLock::new(|| {
    let file: ItemFile = toml::from_str(include_str!("observations.toml"))
        .expect("the embedded table is well-formed: a test reads it");
    let items = file.item.into_iter();
    items
        .flat_map(|item| {
            let section = item.section;
            let codes = item.codes.into_iter();
            codes.map(move |(code, label)| (code, (section.clone(), label)))
        })
        .collect()
});

/// Adds the value of an observation, or those of its components, and gives their number. An
/// answer of a survey or on habits goes to `social` as words.
pub(super) fn add(
    observation: &Resource<'_>,
    at: Instant,
    series: &mut Series,
    social: &mut Vec<String>,
) -> u64 {
    let category = observation
        .get("category")
        .and_then(|categories| first_code(categories.get(0)))
        .map_or("", |(_, code)| code);
    let flag = abnormal(observation.get("interpretation"));
    let mut added = 0;
    if let Some((value, unit)) = shown(|key| observation.get(key)) {
        let name = observation.concept("code").unwrap_or_default();
        let habit = matches!(category, "survey" | "social-history") && unit.is_none();
        if habit {
            social.push(format!("{name}: {value} ({})", at.day()));
        } else {
            put(
                series,
                observation.get("code"),
                category,
                at,
                value,
                unit,
                flag,
            );
        }
        added += 1;
    }
    let components = observation.get("component").and_then(Value::as_array);
    for component in components.into_iter().flatten() {
        if let Some((value, unit)) = shown(|key| component.get(key)) {
            let flag = abnormal(component.get("interpretation")).or(flag);
            put(
                series,
                component.get("code"),
                category,
                at,
                value,
                unit,
                flag,
            );
            added += 1;
        }
    }
    added
}

fn put(
    series: &mut Series,
    code: Option<&Value>,
    category: &str,
    at: Instant,
    value: String,
    unit: Option<String>,
    flag: Option<&'static str>,
) {
    let known = first_code(code).and_then(|(_, code)| ITEMS.get(code));
    let (section, label) = match known {
        Some((section, label)) => (section.clone(), label.clone()),
        None => {
            let label = code.and_then(words).unwrap_or_else(|| "Unnamed".to_owned());
            (section_of(category), label)
        }
    };
    let measurement = Measurement::new(at.text(), value, unit, flag.map(str::to_owned));
    let labels = series.entry(section).or_default();
    labels.entry(label).or_default().push(measurement);
}

/// Section of a measurement that has no place of its own.
fn section_of(category: &str) -> String {
    let name = match category {
        "vital-signs" => "Routine Vital Signs",
        "laboratory" => "Laboratory",
        "survey" => "Surveys",
        "social-history" => "Habits",
        "imaging" => "Imaging Measurements",
        _ => "Observations",
    };
    debug_assert!(!is_named_section(name));
    name.to_owned()
}

/// Value and unit of an observation or a component.
fn shown<'v>(get: impl Fn(&str) -> Option<&'v Value>) -> Option<(String, Option<String>)> {
    if let Some(quantity) = get("valueQuantity") {
        let value = quantity.get("value")?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let unit = quantity.get("unit").or_else(|| quantity.get("code"));
        return Some((text, unit.and_then(Value::as_str).map(str::to_owned)));
    }
    if let Some(concept) = get("valueCodeableConcept") {
        return words(concept).map(|words| (words, None));
    }
    let plain = [
        "valueString",
        "valueDateTime",
        "valueTime",
        "valueInteger",
        "valueBoolean",
    ];
    let value = plain.iter().find_map(|key| get(key))?;
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    (!text.trim().is_empty()).then_some((text, None))
}

/// `abnormal` for an interpretation that says so.
fn abnormal(interpretation: Option<&Value>) -> Option<&'static str> {
    const CODES: [&str; 9] = ["A", "AA", "H", "HH", "HU", "L", "LL", "LU", "POS"];
    let first = interpretation.map(|value| value.get(0).unwrap_or(value));
    let (_, code) = first_code(first)?;
    CODES.contains(&code).then_some("abnormal")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_items_names_no_section_twice_over() {
        assert!(ITEMS.len() > 40);
        assert_eq!(ITEMS["718-7"].1, "Hemoglobin");
        assert!(
            ITEMS
                .values()
                .all(|(section, _)| !is_named_section(section))
        );
    }
}
