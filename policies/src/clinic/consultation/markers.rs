//! The marks by which a doctor asks for a test and names a diagnosis.

use std::borrow::Cow;

/// The marks; what follows one in its line is the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markers {
    /// Asks for a test.
    pub test: Cow<'static, str>,
    /// Names the diagnosis and ends the consultation.
    pub diagnosis: Cow<'static, str>,
}

impl Default for Markers {
    /// The published marks.
    fn default() -> Self {
        Self {
            test: Cow::Borrowed("REQUEST TEST"),
            diagnosis: Cow::Borrowed("DIAGNOSIS READY"),
        }
    }
}

/// What a doctor's words come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Utterance<'a> {
    /// Words for the patient.
    Ask(&'a str),
    /// A test by its name.
    Test(&'a str),
    /// A diagnosis in words.
    Diagnosis(&'a str),
}

impl Markers {
    /// Reads what a doctor said: a marked diagnosis goes before a marked test, and words without a
    /// mark, or with a mark and no name, are for the patient.
    pub fn read<'a>(&self, text: &'a str) -> Utterance<'a> {
        if let Some(name) = after(text, &self.diagnosis) {
            return Utterance::Diagnosis(name);
        }
        match after(text, &self.test) {
            Some(name) => Utterance::Test(name),
            None => Utterance::Ask(text.trim()),
        }
    }

    /// The line that asks for a test.
    pub fn request(&self, test: &str) -> String {
        format!("{}: {test}", self.test)
    }

    /// The line that names a diagnosis.
    pub fn diagnose(&self, diagnosis: &str) -> String {
        format!("{}: {diagnosis}", self.diagnosis)
    }
}

/// The name behind the first `mark` that has one, without colons, brackets, quotes and a full stop.
fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    if mark.is_empty() {
        return None;
    }
    // Capitals of ASCII letters keep every position.
    let upper = text.to_ascii_uppercase();
    let mark = mark.to_ascii_uppercase();
    upper.match_indices(&mark).find_map(|(at, _)| {
        let rest = text.get(at + mark.len()..)?;
        let line = rest
            .trim_start_matches([':', ' ', '\t', '*', '\n', '\r'])
            .lines()
            .next()?;
        let name = line.trim_matches(|c: char| c.is_whitespace() || "[]\"'*`.:".contains(c));
        (!name.is_empty()).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_and_a_diagnosis_goes_first() {
        let markers = Markers::default();
        let read = |text| markers.read(text);
        assert_eq!(read(" Any pain? "), Utterance::Ask("Any pain?"));
        assert_eq!(
            read("REQUEST TEST: [Chest X-ray]"),
            Utterance::Test("Chest X-ray")
        );
        assert_eq!(
            read("I see. request test: CBC.\nThanks"),
            Utterance::Test("CBC")
        );
        assert_eq!(
            read("REQUEST TEST: CBC\n**DIAGNOSIS READY:** Gout."),
            Utterance::Diagnosis("Gout")
        );
        assert_eq!(
            read("DIAGNOSIS READY:\n Gout"),
            Utterance::Diagnosis("Gout")
        );
        assert_eq!(read("DIAGNOSIS READY:"), Utterance::Ask("DIAGNOSIS READY:"));
        assert_eq!(read("Größe? REQUEST TEST: é"), Utterance::Test("é"));
        assert_eq!(read(""), Utterance::Ask(""));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let markers = Markers {
            test: Cow::Borrowed("ORDER"),
            diagnosis: Cow::Borrowed("FINAL"),
        };
        assert_eq!(
            markers.read(&markers.request("ECG")),
            Utterance::Test("ECG")
        );
        let final_line = markers.diagnose("Gout");
        assert_eq!(markers.read(&final_line), Utterance::Diagnosis("Gout"));
    }
}
