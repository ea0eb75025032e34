//! From a reply to a decision.
//!
//! What is off but can be understood is put right and told, so that it is counted; all else is an
//! error text for the next request.

use rounds_environments::clinic::dialogue::Question;
use rounds_environments::clinic::knowledge::{ConditionIx, FindingIx, Knowledge, SpecialityIx};
use serde_json::{Map, Value};

use crate::clinic::reading::{
    Fidelity, extract_object, looks_like_list, read_confidence, read_level, read_names, read_vote,
    wrapping,
};
use crate::clinic::task::{
    Action, Content, Diagnosis, Observation, Proposal, Referral, Speciality, Task,
};

/// Most characters of the name of a speciality: what is longer is no name.
const NAME_CHARS: usize = 80;

/// What a reply is read with.
pub(super) struct Reply<'a> {
    pub(super) observation: &'a Observation,
    pub(super) knowledge: Option<&'a Knowledge>,
    pub(super) fidelity: Fidelity,
    pub(super) list_length: usize,
}

/// What was put right, in words.
type Mended = Vec<String>;

impl Reply<'_> {
    /// The decision, and what was put right.
    ///
    /// # Errors
    /// What is wrong with the reply, as a sentence for whoever wrote it.
    pub(super) fn read(&self, reply: &str) -> Result<(Action, Mended), String> {
        // As published, an empty vote is one against.
        if reply.trim().is_empty() && self.fidelity == Fidelity::Strict {
            return Err("it was empty.".to_owned());
        }
        let mut mended = Mended::new();
        let action = match &self.observation.task {
            Task::Triage { most } => {
                let key = "SUGGEST_SPECIALISTS";
                let object = object(reply, &["RATIONALE", key], &mut mended)?;
                let team = self.team(&object[key], *most, &mut mended)?;
                if team.is_empty() {
                    return Err(format!("{key}: expected at least one name."));
                }
                Action::Team(team)
            }
            Task::Coordinate { most } => {
                let key = "UPDATED_LIST";
                let object = object(reply, &["ADD", "REMOVE", key, "RATIONALE"], &mut mended)?;
                let mut team = self.team(&object[key], *most, &mut mended)?;
                if team.is_empty() {
                    mended.push(format!("{key} named nobody: the team stays"));
                    team = self.observation.team.to_vec();
                }
                Action::Team(team)
            }
            Task::Confidence => {
                let level = read_level(reply, self.fidelity);
                let expected = "Expected one of the five levels after DECISION:.";
                Action::Confidence(Some(level.ok_or_else(|| expected.to_owned())?))
            }
            Task::Vote { .. } => {
                let agrees = read_vote(reply, self.fidelity);
                let expected = "Expected one word: AGREE or DISAGREE.";
                Action::Vote(Some(agrees.ok_or_else(|| expected.to_owned())?))
            }
            Task::Solo { diagnose } => {
                Action::Proposal(Some(self.proposal(reply, *diagnose, true, &mut mended)?))
            }
            Task::Propose { forced } => {
                Action::Proposal(Some(self.proposal(reply, *forced, false, &mut mended)?))
            }
        };
        Ok((action, mended))
    }

    /// A speciality of the team, of the knowledge base, or a new one under this name.
    pub(super) fn speciality(&self, name: &str) -> Speciality {
        let is = |other: &str| other.eq_ignore_ascii_case(name);
        if ["generalist", "general practice", "general practitioner"]
            .into_iter()
            .any(is)
        {
            return Speciality::Generalist;
        }
        let known = self.knowledge.map_or(&[][..], Knowledge::specialities);
        if let Some(s) = known.iter().position(|s| is(s)) {
            return Speciality::Known(SpecialityIx(s as u32));
        }
        let member = self.observation.team.iter().find(|member| match member {
            Speciality::Named(other) => other.to_lowercase() == name.to_lowercase(),
            _ => false,
        });
        member
            .cloned()
            .unwrap_or_else(|| Speciality::Named(name.into()))
    }

    /// Names of a team: later repeats dropped, cut to `most`.
    fn team(
        &self,
        value: &Value,
        most: usize,
        mended: &mut Mended,
    ) -> Result<Vec<Speciality>, String> {
        let mut team: Vec<Speciality> = Vec::new();
        for name in read_names(value, usize::MAX) {
            let length = name.chars().count();
            if length > NAME_CHARS || name.contains(['\n', '\r']) {
                return Err(format!(
                    "expected names of specialities of at most {NAME_CHARS} characters in one \
                     line, got one of {length}."
                ));
            }
            let member = self.speciality(&name);
            if !team.contains(&member) {
                team.push(member);
            }
        }
        if team.len() > most {
            mended.push(format!("{} specialities were cut to {most}", team.len()));
            team.truncate(most);
        }
        Ok(team)
    }

    /// Probabilities are unknown to a model: the share falls with the place in the list.
    fn diagnoses(&self, value: &Value, mended: &mut Mended) -> Vec<Diagnosis> {
        let mut names = read_names(value, usize::MAX);
        if names.len() > self.list_length {
            mended.push(format!(
                "{} diagnoses were cut to {}",
                names.len(),
                self.list_length
            ));
            names.truncate(self.list_length);
        }
        let find = |name: &str| {
            self.knowledge?
                .conditions()
                .iter()
                .position(|c| c.name.eq_ignore_ascii_case(name))
        };
        let total: f64 = (1..=names.len()).map(|place| 1.0 / place as f64).sum();
        names
            .iter()
            .enumerate()
            .map(|(at, name)| match find(name) {
                Some(d) => Diagnosis::Known(ConditionIx(d as u32), 1.0 / ((at + 1) as f64 * total)),
                None => Diagnosis::Named(name.as_str().into()),
            })
            .collect()
    }

    fn question(&self, text: &str) -> Question {
        let text = text.trim();
        self.knowledge
            .and_then(|k| {
                k.findings().iter().position(|f| {
                    f.question.trim().eq_ignore_ascii_case(text)
                        || f.name.eq_ignore_ascii_case(text)
                })
            })
            .map_or_else(
                || Question::Text(text.into()),
                |e| Question::Finding(FindingIx(e as u32)),
            )
    }

    /// Type and content by shape: a list under the type `question` is a diagnosis list.
    fn content(
        &self,
        object: &Map<String, Value>,
        diagnose: bool,
        mended: &mut Mended,
    ) -> Result<Content, String> {
        let value = &object["RESPONSE_CONTENT"];
        let kind = object["RESPONSE_TYPE"].as_str().unwrap_or_default();
        let kind = kind.trim().to_lowercase();
        let is_list = match kind.as_str() {
            "diagnosis" => true,
            "question" if looks_like_list(value) => {
                mended.push("a list under the type question was taken for diagnoses".to_owned());
                true
            }
            "question" => false,
            "refer" => return referral(object),
            other => {
                let other: String = other.chars().take(NAME_CHARS).collect();
                return Err(format!(
                    "RESPONSE_TYPE: expected diagnosis or question, got {other:?}."
                ));
            }
        };
        if is_list {
            let list = self.diagnoses(value, mended);
            if list.is_empty() {
                return Err("RESPONSE_CONTENT: expected at least one diagnosis.".to_owned());
            }
            return Ok(Content::Diagnoses(list));
        }
        if diagnose {
            return Err("A diagnosis is due: expected RESPONSE_TYPE diagnosis.".to_owned());
        }
        match value.as_str().map(str::trim) {
            Some(text) if !text.is_empty() => Ok(Content::Question(self.question(text))),
            _ => Err("RESPONSE_CONTENT: expected one question as text.".to_owned()),
        }
    }

    fn proposal(
        &self,
        reply: &str,
        diagnose: bool,
        solo: bool,
        mended: &mut Mended,
    ) -> Result<Proposal, String> {
        let keys = [
            "RESPONSE_TYPE",
            "RESPONSE_CONTENT",
            "RATIONALE",
            "CONFIDENCE",
        ];
        let object = object(reply, if solo { &keys[..3] } else { &keys }, mended)?;
        let content = self.content(&object, diagnose, mended)?;
        let confidence = match object.get("CONFIDENCE") {
            Some(value) if !solo => read_confidence(value)
                .ok_or_else(|| "CONFIDENCE: expected a number from 1 to 5.".to_owned())?,
            _ => 3.0,
        };
        if solo && !diagnose && matches!(content, Content::Diagnoses(_)) {
            return Err("A question is due: expected RESPONSE_TYPE question.".to_owned());
        }
        Ok(Proposal {
            content,
            confidence,
            rationale: object["RATIONALE"].as_str().unwrap_or_default().into(),
        })
    }
}

/// The object of a reply, with all `keys`.
fn object(reply: &str, keys: &[&str], mended: &mut Mended) -> Result<Map<String, Value>, String> {
    let object = extract_object(reply, keys).map_err(|error| format!("{error}."))?;
    mended.extend(wrapping(reply).map(str::to_owned));
    Ok(object)
}

/// `RESPONSE_CONTENT` says to whom.
fn referral(object: &Map<String, Value>) -> Result<Content, String> {
    let to = object["RESPONSE_CONTENT"].as_str().map(str::trim);
    match to.filter(|to| !to.is_empty()) {
        Some(to) => Ok(Content::Refer(Referral {
            to: to.into(),
            reason: object["RATIONALE"].as_str().unwrap_or_default().into(),
            list: Vec::new(),
        })),
        None => Err("RESPONSE_CONTENT: expected to whom to refer, as text.".to_owned()),
    }
}
