//! Which settings differ between two runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::side::Side;
use crate::run::Manifest;

/// A setting that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// Its full key.
    pub key: String,
    /// Its value in the first run; `None` where it is not set.
    pub a: Option<Value>,
    /// Its value in the second run.
    pub b: Option<Value>,
}

/// Settings that say how much was run rather than what: another number of episodes is no change.
const AMOUNT: [&str; 3] = ["seed", "episodes", "name"];

/// What differs between the settings of two sides, by key.
pub(super) fn changed(a: &Side, b: &Side) -> Vec<Changed> {
    let [mut a, mut b] = [a, b].map(|side| resolved_settings(side.manifest()));
    for key in AMOUNT {
        a.remove(key);
        b.remove(key);
    }
    let mut keys: Vec<String> = a.keys().chain(b.keys()).cloned().collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .filter(|key| a.get(key) != b.get(key))
        .map(|key| Changed {
            a: a.get(&key).cloned(),
            b: b.get(&key).cloned(),
            key,
        })
        .collect()
}

/// The settings of a run by full key, with those of its arm laid over them. The resolved text of
/// a scenario is TOML, that of a step-wise experiment JSON.
pub(crate) fn resolved_settings(manifest: &Manifest) -> BTreeMap<String, Value> {
    let text = &manifest.resolved;
    let resolved: Value = toml::from_str(text)
        .or_else(|_| serde_json::from_str(text))
        .unwrap_or(Value::Null);
    let mut settings = BTreeMap::new();
    let Value::Object(mut table) = resolved else {
        return settings;
    };
    let arms = table.remove("arms");
    // Which arm is played beside another says nothing of this one.
    table.remove("baseline");
    flatten("", table, &mut settings);
    let arms = arms
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let named = |arm: &&Value| arm["name"].as_str() == Some(&manifest.arm);
    if let Some(Value::Object(set)) = arms.into_iter().find(named).map(|arm| arm["set"].clone()) {
        for (key, value) in set {
            let inside = format!("{key}.");
            if !value.is_object() {
                settings.retain(|known, _| !known.starts_with(&inside));
            }
            flatten_value(key, value, &mut settings);
        }
    }
    settings
}

fn flatten(prefix: &str, table: Map<String, Value>, out: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        flatten_value(format!("{prefix}{key}"), value, out);
    }
}

fn flatten_value(key: String, value: Value, out: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(table) => flatten(&format!("{key}."), table, out),
        value => {
            out.insert(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::machine;

    #[test]
    fn the_settings_of_the_arm_lie_over_those_of_the_file() {
        let manifest = Manifest {
            first: 0,
            schema: String::new(),
            scenario: String::new(),
            arm: "b".to_owned(),
            seed: 1,
            episodes: 1,
            hash: String::new(),
            resolved: "seed = 1\n[limits]\nrounds = 10\n[[arms]]\nname = \"a\"\n\
                       [[arms]]\nname = \"b\"\nset = { \"limits.rounds\" = 5, noise = { x = 0.1 } }\n"
                .to_owned(),
            version: String::new(),
            data: Value::Null,
            restricted: false,
            machine: machine(),
            notice: String::new(),
            sent_to: Vec::new(),
            diverged: None,
        };
        let settings = resolved_settings(&manifest);
        assert_eq!(settings["limits.rounds"], 5);
        assert_eq!(settings["noise.x"], 0.1);
        assert_eq!(settings.len(), 3);
    }
}
