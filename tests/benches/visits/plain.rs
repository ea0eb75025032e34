//! The protocol of a visit as a plain loop: the same patients and the same policy, no engine.

use std::sync::Arc;

use rounds::agents::clinic::{Coordination, VisitConfig};
use rounds::environments::clinic::knowledge::{ConditionIx, Knowledge, KnowledgePatient, Noise};
use rounds::environments::clinic::patient::Patient;
use rounds::environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds::environments::streams::RunSeed;
use rounds::policies::clinic::panel::Panel;
use rounds::policies::clinic::task::{
    Action, Content, Diagnosis, DoctorView, Exchange, Observation, Proposal, Speciality, Task,
};
use rounds::policies::policy::{Ask, AskKey, Policy};

/// What a visit came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ended {
    /// Diagnoses, most likely first.
    pub(crate) list: Vec<ConditionIx>,
    /// Questions asked.
    pub(crate) questions: u32,
}

/// What all visits share.
pub(crate) struct Ward {
    pub(crate) knowledge: Arc<Knowledge>,
    pub(crate) policy: Arc<dyn Policy<Observation, Action>>,
    pub(crate) rules: VisitConfig,
    pub(crate) seed: RunSeed,
}

struct Bed<'a> {
    ward: &'a Ward,
    episode: EpisodeIx,
    view: Arc<DoctorView>,
    round: u32,
    requests: u32,
    /// Specialities in the order in which they first joined; the place gives the agent's id.
    known: Vec<Speciality>,
    team: Arc<[Speciality]>,
}

impl Ward {
    /// Runs one visit to its end.
    pub(crate) fn visit(&self, episode: EpisodeIx) -> Ended {
        let patient = KnowledgePatient::draw(
            Arc::clone(&self.knowledge),
            self.seed,
            episode,
            Noise::default(),
        );
        let mut bed = Bed {
            ward: self,
            episode,
            view: Arc::new(DoctorView {
                introduction: patient.introduction().clone(),
                exchanges: Vec::new(),
            }),
            round: 0,
            requests: 0,
            known: Vec::new(),
            team: Arc::new([]),
        };
        match self.rules.coordination {
            Coordination::Given => bed.set_team(self.rules.given.clone()),
            Coordination::Fixed | Coordination::Dynamic => {
                let most = self.rules.triage;
                let team = bed.ask_practitioner(Task::Triage { most });
                bed.set_team(team);
            }
        }
        let (mut minutes, mut cost) = (0.0, 0.0);
        let mut questions = 0;
        loop {
            let forced = bed.round >= self.rules.max_rounds;
            if !forced {
                bed.round += 1;
            }
            let proposal = if bed.team.len() == 1 {
                bed.alone(forced)
            } else {
                bed.panel(forced)
            };
            match &proposal.content {
                Content::Diagnoses(list) => {
                    let list = list
                        .iter()
                        .take(self.rules.list_length)
                        .map(known)
                        .collect();
                    return Ended { list, questions };
                }
                Content::Refer(_) => {
                    return Ended {
                        list: Vec::new(),
                        questions,
                    };
                }
                Content::Question(question) => {
                    questions += 1;
                    minutes += self.rules.minutes_per_question;
                    let answer = patient.answer(question, minutes);
                    minutes += answer.turnaround_min;
                    cost += answer.cost;
                    Arc::make_mut(&mut bed.view).exchanges.push(Exchange {
                        question: question.clone(),
                        answer,
                    });
                }
            }
            assert!(cost >= 0.0);
            if self.rules.coordination == Coordination::Dynamic {
                let most = self.rules.max_members;
                let team = bed.ask_practitioner(Task::Coordinate { most });
                bed.set_team(team);
            }
        }
    }
}

impl Bed<'_> {
    fn set_team(&mut self, team: Vec<Speciality>) {
        for speciality in &team {
            if !self.known.contains(speciality) {
                self.known.push(speciality.clone());
            }
        }
        if *team != *self.team {
            self.team = team.into();
        }
    }

    fn request(&mut self, agent: u32, speciality: Speciality, task: Task) -> Ask<Observation> {
        let key = AskKey {
            episode: self.episode,
            agent: AgentId(agent),
            round: RoundIx(self.round),
            number: self.requests,
        };
        self.requests += 1;
        let observation = Observation {
            task,
            speciality,
            team: Arc::clone(&self.team),
            view: Arc::clone(&self.view),
        };
        Ask { key, observation }
    }

    fn decide(&self, batch: &[Ask<Observation>]) -> Vec<Action> {
        self.ward
            .policy
            .decide(self.ward.seed, batch)
            .expect("the policy knows the base")
            .into_iter()
            .map(|action| action.expect("the policy knows the base"))
            .collect()
    }

    fn one(&mut self, agent: u32, speciality: Speciality, task: Task) -> Action {
        let ask = self.request(agent, speciality, task);
        self.decide(&[ask]).remove(0)
    }

    fn ask_practitioner(&mut self, task: Task) -> Vec<Speciality> {
        match self.one(0, Speciality::Generalist, task) {
            Action::Team(team) => team,
            other => panic!("expected a team, got {other:?}"),
        }
    }

    /// The request of the member at `position` of the team.
    fn of_member(&mut self, position: usize, task: Task) -> Ask<Observation> {
        let speciality = self.team[position].clone();
        let place = self.known.iter().position(|known| *known == speciality);
        let agent = place.expect("members are known") as u32 + 1;
        self.request(agent, speciality, task)
    }

    fn alone(&mut self, forced: bool) -> Arc<Proposal> {
        let diagnose = forced || {
            let ask = self.of_member(0, Task::Confidence);
            match self.decide(&[ask]).remove(0) {
                Action::Confidence(level) => {
                    level.is_some_and(|level| level >= self.ward.rules.solo_stop_level)
                }
                other => panic!("expected a confidence, got {other:?}"),
            }
        };
        let ask = self.of_member(0, Task::Solo { diagnose });
        proposal(self.decide(&[ask]).remove(0)).expect("the only clinician proposes")
    }

    fn panel(&mut self, forced: bool) -> Arc<Proposal> {
        let batch: Vec<_> = (0..self.team.len())
            .map(|position| self.of_member(position, Task::Propose { forced }))
            .collect();
        let proposals = self.decide(&batch).into_iter().map(proposal).collect();
        let mut panel =
            Panel::new(proposals, self.ward.rules.agree_threshold).expect("a team and a threshold");
        while let Some(proposal) = panel.proposal().cloned() {
            let batch: Vec<_> = panel
                .voters()
                .into_iter()
                .map(|voter| {
                    let proposal = Arc::clone(&proposal);
                    self.of_member(voter, Task::Vote { proposal })
                })
                .collect();
            let votes: Vec<_> = self
                .decide(&batch)
                .into_iter()
                .map(|action| match action {
                    Action::Vote(vote) => vote,
                    other => panic!("expected a vote, got {other:?}"),
                })
                .collect();
            panel.vote(&votes).expect("one vote for each voter");
        }
        let chosen = panel.outcome().and_then(|outcome| outcome.chosen);
        let chosen = chosen.and_then(|chosen| panel.proposals()[chosen].clone());
        chosen.expect("a member proposes")
    }
}

fn proposal(action: Action) -> Option<Arc<Proposal>> {
    match action {
        Action::Proposal(proposal) => proposal.map(Arc::new),
        other => panic!("expected a proposal, got {other:?}"),
    }
}

fn known(diagnosis: &Diagnosis) -> ConditionIx {
    match diagnosis {
        Diagnosis::Known(d, _) => *d,
        Diagnosis::Named(name) => panic!("expected a condition of the base, got {name}"),
    }
}
