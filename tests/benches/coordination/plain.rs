//! The rounds of an episode as a plain loop over the same world and the same agents, no engine.

use rounds_environments::coordination::{CommGraph, CoordinationWorld, Scene};
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::RunSeed;
use rounds_policies::coordination::{CoordinationError, Method, Moment, Population, Revealed};

/// One episode.
pub(crate) struct Plain {
    seed: RunSeed,
    episode: EpisodeIx,
    round: RoundIx,
    world: Box<dyn CoordinationWorld>,
    graph: CommGraph,
    population: Population,
    actions: Vec<Option<u32>>,
    summary: Vec<f64>,
}

impl Plain {
    /// The agents of a method in the scene of an episode. Feedback must come in its own round.
    pub(crate) fn new(
        scene: Scene,
        method: &Method,
        horizon: u32,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Self, CoordinationError> {
        let (world, graph) = (scene.world, scene.graph);
        assert_eq!(method.lag(&graph), 0);
        let objective = world.objective();
        let (class, summary_len) = (objective.class(), objective.summary_len());
        let ground = world.ground();
        Ok(Self {
            seed,
            episode,
            round: RoundIx(0),
            population: method.build(ground, &graph, class, horizon, summary_len)?,
            actions: vec![None; ground.agents()],
            summary: vec![0.0; summary_len],
            world,
            graph,
        })
    }

    /// Plays a round; what everybody did and its utility.
    pub(crate) fn play(&mut self) -> Result<(&[Option<u32>], f64), CoordinationError> {
        self.round.0 += 1;
        let round = self.round;
        let mut moment = Moment {
            seed: self.seed,
            episode: self.episode,
            agent: AgentId(0),
            round,
            graph: &self.graph,
        };
        if let Population::Online {
            coordinators,
            board,
        } = &mut self.population
        {
            for (agent, coordinator) in coordinators.iter_mut().enumerate() {
                moment.agent = AgentId(agent as u32);
                self.actions[agent] = coordinator.act(&moment, board);
            }
        }
        self.world.reveal(round).expect("the round can be played");
        let objective = self.world.objective();
        if let Population::Oracle(oracle) = &mut self.population {
            oracle.act(round, objective, &mut self.actions)?;
        }
        objective.clear(&mut self.summary);
        for (agent, action) in self.actions.iter().enumerate() {
            if let Some(action) = action {
                let element = objective.ground().element(agent, *action);
                objective.insert(element, &mut self.summary);
            }
        }
        let utility = objective.value(&self.summary);
        if let Population::Online {
            coordinators,
            board,
        } = &mut self.population
        {
            let revealed = Revealed {
                objective,
                round,
                actions: &self.actions,
            };
            objective.clear(board.running_mut());
            for (agent, coordinator) in coordinators.iter_mut().enumerate() {
                moment.agent = AgentId(agent as u32);
                coordinator.learn(&moment, &revealed, board)?;
            }
            board.turn();
        }
        self.world.apply(&self.actions).expect("actions are there");
        Ok((&self.actions, utility))
    }
}
