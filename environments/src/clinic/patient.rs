//! The contract of the patient side.

use serde_json::{Map, Value};

use super::dialogue::{Answer, Introduction, Question};
use crate::environment::EnvironmentError;

/// What is true of a patient. Never shown to the doctor side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Truth {
    /// Names of the true diagnoses, the primary one first; empty when the case is unscored.
    pub names: Vec<String>,
    /// Code of each name (dots removed), empty where there is none; as long as `names`.
    pub codes: Vec<String>,
}

/// What whoever speaks for a patient may know of it. The truth is no part of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Account {
    /// Who the patient is, how it came and what troubles it: for its introduction.
    pub person: Map<String, Value>,
    /// All else that may be seen; null where there is nothing.
    pub record: Value,
}

/// One patient: holds a full record and reveals only what is asked.
///
/// The answer to a question does not depend on earlier questions, and the same question always
/// has the same answer at the same time.
pub trait Patient: Send + Sync {
    /// Stable name of the case (for clusters and reports), for example `kb:17` or `142345`.
    fn case(&self) -> &str;

    /// How the patient presents.
    fn introduction(&self) -> &Introduction;

    /// Answers `question` at `at_min` minutes after the start of the visit.
    fn answer(&self, question: &Question, at_min: f64) -> Answer;

    /// All that a doctor is told at the start of a consultation; `None` where the case names
    /// nothing.
    fn objective(&self) -> Option<&str> {
        None
    }

    /// What the patient itself tells when asked in words; without a side of its own, as
    /// [`Patient::answer`].
    fn tell(&self, question: &str, at_min: f64) -> Answer {
        self.answer(&Question::Text(question.into()), at_min)
    }

    /// The result of an examination or test that is asked for by name; without a side of its own,
    /// as [`Patient::answer`].
    fn measure(&self, test: &str, at_min: f64) -> Answer {
        self.answer(&Question::Text(test.into()), at_min)
    }

    /// What a model that speaks for the patient may know. With `told`, without what examinations
    /// and tests found; where these have a name and a price of their own, they are never in it.
    /// By default the introduction alone.
    fn account(&self, told: bool) -> Account {
        let _ = told;
        let words = self.introduction().text.to_string();
        Account {
            person: Map::from_iter([("complaint".to_owned(), words.into())]),
            record: Value::Null,
        }
    }

    /// The truth, for the world side of the log and the metrics alone.
    fn truth(&self) -> &Truth;

    /// Sets a value at run time.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] when there is no such setting.
    fn set(&mut self, key: &str, value: &Value) -> Result<(), EnvironmentError>;
}
