//! A patient that answers from a script.

use std::sync::Arc;

use rand::RngExt;
use serde_json::{Map, Value};

use super::manner::Manner;
use super::person::Person;
use super::script::{CaseScript, MissingFact, MissingTest, Topic, TopicKind};
use super::topics::{Found, TopicIndex, kind_of};
use crate::clinic::dialogue::{Answer, AnswerKind, AnswerSource, Introduction, Question, Target};
use crate::clinic::knowledge::{Finding, FindingIx, Knowledge, uniform};
use crate::clinic::patient::{Account, Patient, Truth};
use crate::environment::EnvironmentError;
use crate::ids::EpisodeIx;
use crate::nearest::nearest;
use crate::streams::{Purpose, RunSeed, StreamKey};

/// Section of the targets of facts in the log.
pub const FACTS: &str = "facts";
/// Section of the targets of tests in the log.
pub const TESTS: &str = "tests";

/// Probability above which a finding is typical of a condition.
const TYPICAL: f64 = 0.5;

/// Settings that change at run time.
const SETTINGS: [&str; 3] = ["noise.unknown", "noise.flipped", "tests"];

/// A patient that answers from a script.
///
/// Every answer names its topics as targets, so that the log alone says what was asked about.
///
/// # Determinism
/// Each topic has uniforms of its own, hashed from a key of the stream of [`Purpose::Noise`] and
/// the topic's id: answers do not depend on the order of questions.
#[derive(Debug, Clone)]
pub struct CasePatient {
    script: Arc<CaseScript>,
    index: Arc<TopicIndex>,
    knowledge: Arc<Knowledge>,
    person: Person,
    introduction: Introduction,
    manners: Vec<Manner>,
    noise_key: u64,
    tests_up: bool,
}

impl CasePatient {
    /// The patient of `script`, played as `person` in these manners.
    pub fn new(
        script: Arc<CaseScript>,
        index: Arc<TopicIndex>,
        knowledge: Arc<Knowledge>,
        person: &Person,
        manners: Vec<Manner>,
        (seed, episode): (RunSeed, EpisodeIx),
    ) -> Self {
        let person = script.person.changed_by(person);
        let sentence = person.sentence();
        let text = if sentence.is_empty() {
            Arc::clone(&script.opening)
        } else {
            format!("{} {sentence}", script.opening).into()
        };
        let told = script.reveals.iter().filter_map(|id| script.topic(id));
        let observed: Vec<(FindingIx, bool)> = told
            .filter_map(|topic| Some((topic.finding?, topic.present?)))
            .collect();
        let introduction = Introduction {
            text,
            complaint: observed.first().map(|(e, _)| *e),
            observed,
        };
        Self {
            introduction,
            manners,
            noise_key: StreamKey::episode(seed, episode, Purpose::Noise)
                .open()
                .random(),
            tests_up: true,
            person,
            script,
            index,
            knowledge,
        }
    }

    fn finding(&self, e: FindingIx) -> Option<&Finding> {
        self.knowledge.findings().get(e.index())
    }

    fn of_finding(&self, e: FindingIx) -> Found {
        let topics = &self.script.topics;
        let known = topics.iter().position(|topic| topic.finding == Some(e));
        known.map_or(Found::Finding(e), Found::Topic)
    }

    fn answer_one(&self, what: Found) -> Answer {
        match what {
            Found::Topic(at) => match self.script.topics.get(at) {
                Some(topic) => self.answer_topic(topic),
                None => Answer::empty(AnswerKind::NotUnderstood),
            },
            Found::Finding(e) => self.answer_missing(e),
        }
    }

    fn answer_topic(&self, topic: &Topic) -> Answer {
        let kind = topic
            .finding
            .and_then(|e| self.finding(e))
            .map(|finding| finding.kind);
        let test = topic.kind == TopicKind::Test;
        if test && !self.tests_up {
            return self.named(
                Answer::empty(AnswerKind::NotRecorded),
                topic.kind,
                &topic.id,
            );
        }
        let revealed = self.script.reveals.contains(&topic.id);
        let affecting = || {
            let able = |manner: &&Manner| !test && !revealed && manner.affects(kind);
            self.manners.iter().filter(able)
        };
        let unknown = affecting().any(|manner| self.hits(manner.unknown, &topic.id, 0));
        let said_something = topic.present.is_some() || !topic.say.is_empty();
        let mut answer = Answer::empty(if unknown || !said_something {
            AnswerKind::NotRecorded
        } else {
            AnswerKind::Value
        });
        if answer.kind == AnswerKind::Value {
            let flips = affecting().filter(|manner| self.hits(manner.flipped, &topic.id, 1));
            let flipped = flips.count() % 2 == 1;
            answer.present = topic.present.map(|present| present != flipped);
            answer.source = AnswerSource::Chart;
            let spoken: &str = match (answer.present, flipped) {
                (Some(true), true) => "Yes.",
                (Some(false), true) => "No.",
                _ if !topic.say.is_empty() => &topic.say,
                (Some(true), _) if test => "Abnormal.",
                (Some(false), _) if test => "Normal.",
                (Some(true), _) => "Yes.",
                _ => "No.",
            };
            answer.text = Some(self.prefaced(spoken, test));
        } else if test {
            answer.text = Some("Not available.".into());
        }
        answer.cost = topic.cost;
        answer.turnaround_min = topic.turnaround_min;
        self.named(answer, topic.kind, &topic.id)
    }

    /// A finding of the knowledge base that the case does not name: a topic with its default.
    fn answer_missing(&self, e: FindingIx) -> Answer {
        let Some(finding) = self.finding(e) else {
            return Answer::empty(AnswerKind::NotUnderstood);
        };
        let kind = kind_of(finding.kind);
        let typical = || {
            let name = self.script.truth.names.first()?;
            let d = self.knowledge.find_condition(name)?;
            Some(self.knowledge.theta(d, e) > TYPICAL)
        };
        let of_person = self.person.finding(&finding.id);
        let present = of_person.or_else(|| {
            match (kind, self.script.missing_test, self.script.missing_fact) {
                (TopicKind::Test, MissingTest::Typical, _)
                | (TopicKind::Fact, _, MissingFact::Typical) => typical(),
                (TopicKind::Test, MissingTest::Normal, _)
                | (TopicKind::Fact, _, MissingFact::Absent) => Some(false),
                (TopicKind::Test, MissingTest::NotAvailable, _)
                | (TopicKind::Fact, _, MissingFact::Unknown) => None,
            }
        });
        self.answer_topic(&Topic {
            id: finding.id.clone(),
            kind,
            aliases: Vec::new(),
            finding: Some(e),
            present,
            say: "".into(),
            cost: finding.cost,
            turnaround_min: finding.turnaround_min,
        })
    }

    fn named(&self, mut answer: Answer, kind: TopicKind, id: &str) -> Answer {
        let section = match kind {
            TopicKind::Fact => FACTS,
            TopicKind::Test => TESTS,
        };
        answer.targets.push(Target {
            section: section.to_owned(),
            field: Some(id.to_owned()),
        });
        answer
    }

    fn prefaced(&self, spoken: &str, test: bool) -> Arc<str> {
        let mut text = String::new();
        for manner in self
            .manners
            .iter()
            .filter(|m| !test && !m.preface.is_empty())
        {
            text.push_str(&manner.preface);
            text.push(' ');
        }
        text.push_str(spoken);
        text.into()
    }

    fn hits(&self, rate: f64, id: &str, which: u64) -> bool {
        // FNV-1a: equal on every machine.
        let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        rate > 0.0 && uniform(self.noise_key ^ hash, which) < rate
    }
}

/// Several answers as one: all words, costs added, as late as the last.
fn together(answers: Vec<Answer>) -> Answer {
    let mut all = Answer::empty(AnswerKind::NotRecorded);
    let mut texts: Vec<&str> = Vec::new();
    for answer in &answers {
        if answer.kind == AnswerKind::Value {
            all.kind = AnswerKind::Value;
            all.source = AnswerSource::Chart;
        }
        texts.push(answer.text.as_deref().unwrap_or("I do not know."));
        all.targets.extend(answer.targets.iter().cloned());
        all.cost += answer.cost;
        all.turnaround_min = all.turnaround_min.max(answer.turnaround_min);
    }
    all.text = Some(texts.join(" ").into());
    all
}

impl Patient for CasePatient {
    fn case(&self) -> &str {
        &self.script.id
    }

    fn introduction(&self) -> &Introduction {
        &self.introduction
    }

    fn answer(&self, question: &Question, _at_min: f64) -> Answer {
        match question {
            Question::Finding(e) => self.answer_one(self.of_finding(*e)),
            Question::Text(text) => {
                if let Some(e) = self.index.question(text) {
                    return self.answer_one(self.of_finding(e));
                }
                let found = self.index.find(text);
                let mut answers: Vec<Answer> = found
                    .into_iter()
                    .map(|what| self.answer_one(what))
                    .collect();
                match answers.len() {
                    0 => Answer::empty(AnswerKind::NotUnderstood),
                    1 => answers.remove(0),
                    _ => together(answers),
                }
            }
        }
    }

    /// Topics are told as they would be answered.
    fn account(&self, _told: bool) -> Account {
        let mut person = match serde_json::to_value(&self.person) {
            Ok(Value::Object(parts)) => parts,
            _ => Map::new(),
        };
        person.retain(|_, part| !part.is_null());
        person.insert("opening".to_owned(), Value::from(&*self.script.opening));
        let topics = self.script.topics.iter();
        let facts = topics.filter(|topic| topic.kind == TopicKind::Fact);
        let record = facts.filter_map(|topic| {
            let text = self.answer_topic(topic).text?;
            Some((topic.id.replace('_', " "), Value::from(&*text)))
        });
        Account {
            person,
            record: Value::Object(record.collect()),
        }
    }

    fn truth(&self) -> &Truth {
        &self.script.truth
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), EnvironmentError> {
        let bad = |why: String| EnvironmentError::Setting {
            key: key.to_owned(),
            why,
        };
        let rate = || {
            let rate = value.as_f64().filter(|rate| (0.0..=1.0).contains(rate));
            rate.ok_or_else(|| bad(format!("expected a number within 0 and 1, got {value}")))
        };
        if self.manners.is_empty() {
            self.manners.push(Manner::default());
        }
        match key {
            "noise.unknown" => self.manners[0].unknown = rate()?,
            "noise.flipped" => self.manners[0].flipped = rate()?,
            "tests" => match value.as_str() {
                Some("up") => self.tests_up = true,
                Some("down") => self.tests_up = false,
                _ => return Err(bad(format!("expected \"up\" or \"down\", got {value}"))),
            },
            _ => {
                let near = nearest(key, SETTINGS).map(|near| format!("; did you mean {near}?"));
                let names = SETTINGS.join(", ");
                return Err(bad(format!(
                    "no such setting; expected one of {names}{}",
                    near.unwrap_or_default()
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(id: &str, kind: TopicKind, present: Option<bool>, say: &str) -> Topic {
        Topic {
            id: id.to_owned(),
            kind,
            aliases: Vec::new(),
            finding: Knowledge::builtin().find_finding(id),
            present,
            say: say.into(),
            cost: 3.0,
            turnaround_min: 0.0,
        }
    }

    fn script() -> CaseScript {
        let mut onset = topic("pain_onset", TopicKind::Fact, None, "It started suddenly.");
        onset.aliases = vec!["onset".to_owned(), "start".to_owned()];
        CaseScript {
            id: "pe".to_owned(),
            person: Person {
                age: Some(54),
                ..Person::default()
            },
            opening: "My chest hurts.".into(),
            reveals: vec!["chest_pain".to_owned()],
            topics: vec![
                topic("chest_pain", TopicKind::Fact, Some(true), ""),
                onset,
                topic(
                    "leg_swelling",
                    TopicKind::Fact,
                    Some(true),
                    "My calf is swollen.",
                ),
                topic("raised_d_dimer", TopicKind::Test, Some(true), "2.4 mg/L"),
            ],
            missing_fact: MissingFact::Absent,
            missing_test: MissingTest::NotAvailable,
            truth: Truth::default(),
        }
    }

    fn patient(manners: Vec<Manner>) -> CasePatient {
        let (script, knowledge) = (Arc::new(script()), Knowledge::builtin());
        let index = Arc::new(TopicIndex::new(&script, &knowledge));
        let seed = (RunSeed(3), EpisodeIx(1));
        CasePatient::new(script, index, knowledge, &Person::default(), manners, seed)
    }

    fn ask(patient: &CasePatient, text: &str) -> Answer {
        patient.answer(&Question::Text(text.into()), 0.0)
    }

    fn fields(answer: &Answer) -> Vec<&str> {
        let fields = answer.targets.iter();
        fields.filter_map(|t| t.field.as_deref()).collect()
    }

    #[test]
    fn words_and_findings_reach_the_same_topic() {
        let patient = patient(Vec::new());
        let knowledge = Knowledge::builtin();
        let e = knowledge.find_finding("leg_swelling").unwrap();
        let by_id = patient.answer(&Question::Finding(e), 0.0);
        assert_eq!(by_id, ask(&patient, "Is there any leg swelling?"));
        assert_eq!(by_id, ask(&patient, &knowledge.finding(e).question));
        assert_eq!(by_id.text.as_deref(), Some("My calf is swollen."));
        assert_eq!(patient.introduction().observed.len(), 1);
        assert!(patient.introduction().text.contains("54-year-old"));
    }

    #[test]
    fn an_account_tells_facts_as_answers_and_no_test() {
        let account = patient(Vec::new()).account(false);
        assert_eq!(account.person["age"], 54);
        assert_eq!(account.record["leg swelling"], "My calf is swollen.");
        assert_eq!(account.record["chest pain"], "Yes.");
        assert!(!account.record.to_string().contains("2.4 mg/L"));
    }

    #[test]
    fn two_topics_of_one_question_are_both_answered() {
        let answer = ask(
            &patient(Vec::new()),
            "When did it start, and any leg swelling or fever?",
        );
        assert_eq!(fields(&answer), ["pain_onset", "leg_swelling", "fever"]);
        let text = answer.text.unwrap();
        assert_eq!(&*text, "It started suddenly. My calf is swollen. No.");
    }

    #[test]
    fn what_the_case_does_not_name_has_its_default() {
        let patient = patient(Vec::new());
        assert_eq!(ask(&patient, "fever?").present, Some(false));
        let test = ask(&patient, "leg vein clot");
        assert_eq!(test.kind, AnswerKind::NotRecorded);
        assert_eq!(
            (test.targets[0].section.as_str(), test.cost),
            (TESTS, 300.0)
        );
        assert_eq!(
            ask(&patient, "What is the weather?").kind,
            AnswerKind::NotUnderstood
        );
    }

    #[test]
    fn a_manner_changes_what_is_told_but_no_test_and_not_the_opening() {
        let shy = patient(vec![Manner {
            unknown: 1.0,
            preface: "Well …".to_owned(),
            ..Manner::default()
        }]);
        assert_eq!(ask(&shy, "leg swelling").kind, AnswerKind::NotRecorded);
        assert_eq!(ask(&shy, "raised d dimer").kind, AnswerKind::Value);
        let opening = ask(&shy, "chest pain");
        assert_eq!(opening.text.as_deref(), Some("Well … Yes."));
        let liar = patient(vec![Manner {
            flipped: 1.0,
            ..Manner::default()
        }]);
        let denied = ask(&liar, "leg swelling");
        assert_eq!(
            (denied.present, denied.text.as_deref()),
            (Some(false), Some("No."))
        );
    }

    #[test]
    fn a_setting_that_does_not_exist_names_the_nearest() {
        let error = patient(Vec::new()).set("test", &"up".into()).unwrap_err();
        assert!(error.to_string().contains("did you mean tests?"), "{error}");
    }
}
