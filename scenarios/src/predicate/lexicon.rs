//! The names that a predicate may use about one case, and the truth that it is judged by.

use std::collections::BTreeMap;
use std::sync::Arc;

use rounds_environments::clinic::case::{Found, TopicIndex, topic_words};
use rounds_environments::clinic::icd9;
use rounds_environments::clinic::knowledge::{FindingKind, Knowledge};

use super::expression::Level;

/// Lower-case words with `_` between them: the form by which names are compared.
pub fn plain_name(text: &str) -> String {
    topic_words(text).join("_")
}

/// Names and truth of one case.
#[derive(Debug, Clone)]
pub struct Lexicon {
    /// What the doctors and patients of a knowledge base call things.
    pub knowledge: Arc<Knowledge>,
    /// Topics of the case: whether each is a test, by plain name.
    topics: BTreeMap<String, bool>,
    /// Finding of each topic that answers one.
    findings: BTreeMap<String, String>,
    /// Topics by words, for patients whose answers name no topics.
    words: Option<(Arc<TopicIndex>, Vec<String>)>,
    /// Topics that the patient tells at first.
    pub reveals: Vec<String>,
    /// Names of the truth in plain form, accepted ones among them.
    pub truth: Vec<String>,
    /// Codes of the truth, in their normal form.
    pub codes: Vec<String>,
}

impl Lexicon {
    /// A lexicon without topics of its own.
    pub fn new(knowledge: Arc<Knowledge>) -> Self {
        Self {
            knowledge,
            topics: BTreeMap::new(),
            findings: BTreeMap::new(),
            words: None,
            reveals: Vec::new(),
            truth: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// Adds a topic, and the id of the finding that it answers.
    pub fn add_topic(&mut self, id: &str, test: bool, finding: Option<&str>) {
        let plain = plain_name(id);
        if let Some(finding) = finding.map(plain_name).filter(|finding| *finding != plain) {
            self.findings.insert(plain.clone(), finding);
        }
        self.topics.insert(plain, test);
    }

    /// Finds topics in the words of questions too; `ids` are those of the index.
    pub fn find_in_words(&mut self, index: Arc<TopicIndex>, ids: Vec<String>) {
        self.words = Some((index, ids.iter().map(|id| plain_name(id)).collect()));
    }

    /// Whether a name is that of a test; `None` when there is no such topic.
    pub fn is_test(&self, plain: &str) -> Option<bool> {
        if let Some(test) = self.topics.get(plain) {
            return Some(*test);
        }
        let topic = self.findings.iter().find(|(_, finding)| *finding == plain);
        if let Some(test) = topic.and_then(|(topic, _)| self.topics.get(topic)) {
            return Some(*test);
        }
        let found = self.knowledge.find_finding(plain)?;
        Some(self.knowledge.finding(found).kind == FindingKind::Test)
    }

    /// The finding that a topic answers under another name.
    pub(super) fn finding_of(&self, plain: &str) -> Option<&str> {
        self.findings.get(plain).map(String::as_str)
    }

    /// Topics that the words of a question are about.
    pub(super) fn topics_in(&self, text: &str) -> Vec<&str> {
        let Some((index, ids)) = &self.words else {
            return Vec::new();
        };
        let found = index.find(text).into_iter();
        found
            .filter_map(|what| match what {
                Found::Topic(at) => ids.get(at).map(String::as_str),
                Found::Finding(_) => None,
            })
            .collect()
    }

    /// All topics by plain name: those of the case, then the findings of the knowledge base.
    pub fn names(&self) -> Vec<&str> {
        let own = self.topics.keys().map(String::as_str);
        let findings = self.knowledge.findings().iter().map(|f| f.id.as_str());
        own.chain(findings).collect()
    }

    /// Whether a diagnosis of this name and code meets the truth.
    pub fn meets(&self, name: &str, code: Option<&str>, level: Level) -> bool {
        if self.truth.contains(&plain_name(name)) {
            return true;
        }
        let of_name = || {
            let condition = self.knowledge.find_condition(name)?;
            let codes = &self.knowledge.condition(condition).codes;
            codes.first().map(String::as_str)
        };
        let Some(code) = code.filter(|code| !code.is_empty()).or_else(of_name) else {
            return false;
        };
        let at = |code: &str| match level {
            Level::Exact => icd9::normal_diagnosis(code),
            Level::Category => icd9::category(code),
            Level::Chapter => icd9::chapter(code).map(str::to_owned),
        };
        let Some(named) = at(code) else {
            return false;
        };
        self.codes
            .iter()
            .any(|code| at(code).as_ref() == Some(&named))
    }
}
