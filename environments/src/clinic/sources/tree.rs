//! Examinations and tests as an open tree: text, objects and lists to any depth.

use serde_json::Value;

/// One leaf of a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf<'a> {
    /// Names of the objects above it, joined by dots; a position in a list has no name.
    pub path: String,
    /// The leaf.
    pub value: &'a Value,
}

/// Every leaf of a tree, in its order: texts, numbers, true and false.
pub fn leaves(tree: &Value) -> Vec<Leaf<'_>> {
    let mut out = Vec::new();
    walk(tree, "", &mut out);
    out
}

fn walk<'a>(value: &'a Value, path: &str, out: &mut Vec<Leaf<'a>>) {
    match value {
        Value::Null => {}
        Value::Object(parts) => {
            for (name, part) in parts {
                let below = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                walk(part, &below, out);
            }
        }
        Value::Array(parts) => {
            for part in parts {
                walk(part, path, out);
            }
        }
        _ => out.push(Leaf {
            path: path.to_owned(),
            value,
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_leaf_is_found_at_any_depth() {
        let tree = json!({"A": {"B": ["x", {"C": 1}], "D": true}, "E": "y", "F": {}, "G": null});
        let found: Vec<(String, String)> = leaves(&tree)
            .into_iter()
            .map(|leaf| (leaf.path, leaf.value.to_string()))
            .collect();
        let expected = [
            ("A.B", "\"x\""),
            ("A.B.C", "1"),
            ("A.D", "true"),
            ("E", "\"y\""),
        ];
        assert_eq!(
            found,
            expected.map(|(path, value)| (path.to_owned(), value.to_owned()))
        );
    }
}
