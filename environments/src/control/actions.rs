//! What can be done in a system.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The actions of one system. An action is a row of numbers: the number of a choice, or one number for
/// each dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Actions {
    /// One of `count` choices, from 0.
    Discrete {
        /// Number of choices.
        count: u32,
    },
    /// A point between two corners. Systems take points outside too and say what they make of them.
    Continuous {
        /// Least value of each dimension.
        low: Vec<f64>,
        /// Greatest value of each dimension.
        high: Vec<f64>,
    },
}

impl Actions {
    /// Points of `size` dimensions, each from `low` to `high`.
    pub fn cube(size: usize, low: f64, high: f64) -> Self {
        Self::Continuous {
            low: vec![low; size],
            high: vec![high; size],
        }
    }

    /// Numbers in an action.
    pub fn size(&self) -> usize {
        match self {
            Self::Discrete { .. } => 1,
            Self::Continuous { low, .. } => low.len(),
        }
    }

    /// What is wrong with an action; `None` where a system can take it. Finite points outside the bounds
    /// can be taken.
    pub fn fault(&self, action: &[f64]) -> Option<String> {
        let size = self.size();
        if action.len() != size {
            return Some(format!("expected {size} numbers, got {}", action.len()));
        }
        match self {
            Self::Discrete { count } => {
                let choice = action[0];
                // A cast cuts to the integers of its range, and is faster than to ask for a fraction.
                let known = choice < f64::from(*count) && f64::from(choice as u32) == choice;
                let most = count.saturating_sub(1);
                (!known).then(|| format!("expected an integer from 0 to {most}, got {choice}"))
            }
            Self::Continuous { .. } => {
                let bad = action.iter().position(|number| !number.is_finite())?;
                let got = action[bad];
                Some(format!("expected finite numbers, got {got} at {bad}"))
            }
        }
    }

    /// JSON schema of an action: an integer, a number, or a list of numbers.
    pub fn schema(&self) -> Value {
        let bounds =
            |low: &f64, high: &f64| json!({"type": "number", "minimum": low, "maximum": high});
        match self {
            Self::Discrete { count } => {
                json!({"type": "integer", "minimum": 0, "maximum": count.saturating_sub(1)})
            }
            Self::Continuous { low, high } if low.len() == 1 => bounds(&low[0], &high[0]),
            Self::Continuous { low, high } => {
                let each: Vec<Value> = low.iter().zip(high).map(|(l, h)| bounds(l, h)).collect();
                let size = each.len();
                let alike = each.windows(2).all(|pair| pair[0] == pair[1]);
                match each.first().filter(|_| alike) {
                    Some(one) => {
                        json!({"type": "array", "items": one, "minItems": size, "maxItems": size})
                    }
                    None => json!({
                        "type": "array", "prefixItems": each, "items": false,
                        "minItems": size, "maxItems": size,
                    }),
                }
            }
        }
    }

    /// Reads an action from JSON of [`Actions::schema`].
    ///
    /// # Errors
    /// What was expected, where `value` is not of that schema.
    pub fn read(&self, value: &Value) -> Result<Vec<f64>, String> {
        let expected = || format!("expected {}, got {value}", self.schema());
        let action = match (value, self.size()) {
            (Value::Array(numbers), size) if size > 1 => {
                let numbers: Option<Vec<f64>> = numbers.iter().map(Value::as_f64).collect();
                numbers.ok_or_else(expected)?
            }
            (_, 1) => vec![value.as_f64().ok_or_else(expected)?],
            _ => return Err(expected()),
        };
        let within = match self {
            Self::Discrete { .. } => true,
            Self::Continuous { low, high } => {
                let bounds = low.iter().zip(high);
                let mut each = bounds.zip(&action);
                each.all(|((low, high), number)| (low..=high).contains(&number))
            }
        };
        match within && self.fault(&action).is_none() {
            true => Ok(action),
            false => Err(expected()),
        }
    }

    /// The action as logs keep it: what [`Actions::read`] reads.
    pub fn value(&self, action: &[f64]) -> Value {
        match (self, action) {
            (Self::Discrete { .. }, [choice]) => json!(*choice as u32),
            (_, [number]) => json!(number),
            _ => json!(action),
        }
    }

    /// The action nearest to 0, where 0 means to do nothing: `None` among choices.
    pub fn neutral(&self) -> Option<Vec<f64>> {
        match self {
            Self::Discrete { .. } => None,
            Self::Continuous { low, high } => {
                let bounds = low.iter().zip(high);
                Some(
                    bounds
                        .map(|(low, high)| 0.0_f64.max(*low).min(*high))
                        .collect(),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_schema_says_is_read_and_nothing_else() {
        let choice = Actions::Discrete { count: 2 };
        assert_eq!(choice.read(&json!(1)), Ok(vec![1.0]));
        for bad in [
            json!(2),
            json!(-1),
            json!(0.5),
            json!("1"),
            json!([1]),
            json!(null),
        ] {
            assert!(choice.read(&bad).is_err(), "{bad}");
        }
        let number = Actions::cube(1, -2.0, 2.0);
        assert_eq!(number.read(&json!(-2)), Ok(vec![-2.0]));
        for bad in [json!(2.1), json!([1.0]), json!({})] {
            assert!(number.read(&bad).is_err(), "{bad}");
        }
        let point = Actions::cube(2, -1.0, 1.0);
        assert_eq!(point.read(&json!([0.5, -1])), Ok(vec![0.5, -1.0]));
        for bad in [
            json!(0.5),
            json!([0.5]),
            json!([0, 0, 0]),
            json!([0, 1.5]),
            json!([0, "0"]),
        ] {
            let error = point.read(&bad).unwrap_err();
            assert!(error.contains("\"maximum\":1.0"), "{error}");
        }
    }

    #[test]
    fn dimensions_with_bounds_of_their_own_are_told_apart() {
        let actions = Actions::Continuous {
            low: vec![0.0, -1.0],
            high: vec![1.0, 1.0],
        };
        let schema = actions.schema();
        assert_eq!(schema["prefixItems"][1]["minimum"], json!(-1.0));
        assert!(actions.read(&json!([-0.5, 0.0])).is_err());
        assert_eq!(actions.neutral(), Some(vec![0.0, 0.0]));
    }

    #[test]
    fn what_no_system_can_take_has_a_fault() {
        let point = Actions::cube(2, -1.0, 1.0);
        assert_eq!(point.fault(&[5.0, 0.0]), None);
        assert!(point.fault(&[0.0, f64::NAN]).unwrap().contains("at 1"));
        assert!(point.fault(&[0.0]).is_some());
        let choice = Actions::Discrete { count: 2 };
        assert_eq!(choice.fault(&[1.0]), None);
        for bad in [2.0, -1.0, 0.5, f64::NAN, f64::INFINITY] {
            assert!(choice.fault(&[bad]).is_some(), "{bad}");
        }
        assert_eq!(choice.neutral(), None);
        assert_eq!(choice.value(&[1.0]), json!(1));
    }
}
