//! What happened in a visit, read once from its events.

use std::borrow::Cow;

use rounds_environments::clinic::case::{FACTS, TESTS};
use rounds_environments::clinic::chart::section_cost;
use rounds_environments::clinic::knowledge::FindingKind;
use serde_json::Value;

use super::expression::StopReason;
use super::lexicon::{Lexicon, plain_name};
use crate::run::{Episode, EventLine};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Asked,
    Ordered,
    Told,
    Diagnosed,
    Referred,
}

/// Something that was done.
#[derive(Debug, Clone)]
pub(super) struct Done<'a> {
    /// Position of its event.
    pub(super) event: usize,
    pub(super) kind: Kind,
    /// Topics in plain form; of a referral, to whom.
    pub(super) topics: Vec<Cow<'a, str>>,
    /// Who did it.
    pub(super) by: &'a str,
}

/// A diagnosis of the final list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed<'a> {
    pub(super) name: &'a str,
    pub(super) code: Option<&'a str>,
}

/// The course of one visit.
#[derive(Debug, Clone)]
pub struct Course<'a> {
    pub(super) events: &'a [EventLine],
    pub(super) lexicon: &'a Lexicon,
    pub(super) done: Vec<Done<'a>>,
    pub(super) list: Vec<Listed<'a>>,
    /// Specialists who joined, left, or were of the first team, by event.
    pub(super) joined: Vec<(usize, &'a str)>,
    pub(super) left: Vec<(usize, &'a str)>,
    pub(super) members: Vec<(usize, &'a str)>,
    pub(super) stop: Option<(StopReason, usize)>,
}

impl<'a> Course<'a> {
    /// Reads the events of `episode`.
    pub fn new(episode: &'a Episode, lexicon: &'a Lexicon) -> Self {
        let events = episode.events.as_slice();
        let mut course = Self {
            events,
            lexicon,
            done: Vec::new(),
            list: Vec::new(),
            joined: Vec::new(),
            left: Vec::new(),
            members: Vec::new(),
            stop: None,
        };
        for (at, event) in events.iter().enumerate() {
            course.take(at, event);
        }
        course
    }

    /// The events, in their order.
    pub fn events(&self) -> &'a [EventLine] {
        self.events
    }

    fn take(&mut self, at: usize, event: &'a EventLine) {
        match event.kind.as_str() {
            "introduced" => {
                let mut topics: Vec<Cow<'_, str>> = Vec::new();
                topics.extend(event.text("finding").map(Cow::Borrowed));
                for told in &self.lexicon.reveals {
                    topics.push(Cow::Owned(plain_name(told)));
                }
                self.push(at, Kind::Told, topics, "");
            }
            "asked" => {
                let answered = self.events[at..].iter().find(|e| e.kind == "answered");
                let (kind, topics) = self.asked(event, answered);
                self.push(at, kind, topics, &event.agent);
            }
            "answered" if event.text("answer") == Some("value") => {
                let (_, topics) = self.asked(event, Some(event));
                self.push(at, Kind::Told, topics, "");
            }
            "diagnosed" => {
                let list = event.fields.get("list").and_then(Value::as_array);
                self.list = list
                    .into_iter()
                    .flatten()
                    .filter_map(|entry| {
                        let text = |key: &str| entry.get(key).and_then(Value::as_str);
                        let name = text("name")?;
                        Some(Listed {
                            name,
                            code: text("code"),
                        })
                    })
                    .collect();
                let forced = event.fields.get("forced") == Some(&Value::Bool(true));
                let reason = match forced {
                    true => StopReason::Forced,
                    false => StopReason::Diagnosed,
                };
                self.stop = Some((reason, at));
                self.push(at, Kind::Diagnosed, Vec::new(), &event.agent);
            }
            "referred" => {
                let to = plain_name(event.text("to").unwrap_or_default());
                self.stop = Some((StopReason::Referred, at));
                self.push(at, Kind::Referred, vec![Cow::Owned(to)], &event.agent);
            }
            "triaged" => {
                let team = event.texts("team");
                self.members.extend(team.into_iter().map(|who| (at, who)));
            }
            "coordinated" => {
                for (key, list) in [("added", &mut self.joined), ("removed", &mut self.left)] {
                    list.extend(event.texts(key).into_iter().map(|who| (at, who)));
                }
                let added = event.texts("added").into_iter();
                self.members.extend(added.map(|who| (at, who)));
            }
            "proposed" if !event.agent.is_empty() => self.members.push((at, &event.agent)),
            "ended" => match event.text("outcome") {
                Some("aborted") => self.stop = Some((StopReason::Aborted, at)),
                Some("failed") => self.stop = Some((StopReason::Failed, at)),
                _ => {}
            },
            _ => {}
        }
    }

    fn push(&mut self, event: usize, kind: Kind, topics: Vec<Cow<'a, str>>, by: &'a str) {
        self.done.push(Done {
            event,
            kind,
            topics,
            by,
        });
    }

    /// What a question is about, by what the answer looked up, by the finding that was asked for,
    /// and by its words; and whether it was the order of a test.
    fn asked(
        &self,
        event: &'a EventLine,
        answered: Option<&'a EventLine>,
    ) -> (Kind, Vec<Cow<'a, str>>) {
        let mut topics: Vec<Cow<'a, str>> = Vec::new();
        let mut ordered = false;
        let mut add = |topic: Cow<'a, str>| {
            if !topic.is_empty() && !topics.contains(&topic) {
                topics.push(topic);
            }
        };
        let targets = answered.and_then(|e| e.fields.get("targets")?.as_array());
        for target in targets.into_iter().flatten() {
            let text = |key: &str| target.get(key).and_then(Value::as_str);
            let (section, field) = (text("section").unwrap_or_default(), text("field"));
            if section == FACTS || section == TESTS {
                ordered |= section == TESTS;
            } else {
                ordered |= section_cost(section).test;
                add(Cow::Owned(plain_name(section)));
            }
            if let Some(field) = field {
                let plain = plain(field);
                if let Some(finding) = self.lexicon.finding_of(&plain) {
                    add(Cow::Owned(finding.to_owned()));
                }
                add(plain);
            }
        }
        if let Some(finding) = event.text("finding") {
            let knowledge = &self.lexicon.knowledge;
            let kind = knowledge
                .find_finding(finding)
                .map(|e| knowledge.finding(e).kind);
            ordered |= kind == Some(FindingKind::Test);
            add(plain(finding));
        }
        if let Some(text) = event.text("text").filter(|_| event.kind == "asked") {
            for topic in self.lexicon.topics_in(text) {
                ordered |= self.lexicon.is_test(topic) == Some(true);
                add(Cow::Owned(topic.to_owned()));
            }
        }
        let kind = if ordered { Kind::Ordered } else { Kind::Asked };
        (kind, topics)
    }
}

/// The plain form, without a copy where the name has it already.
fn plain(name: &str) -> Cow<'_, str> {
    let is_plain = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if is_plain {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(plain_name(name))
    }
}
