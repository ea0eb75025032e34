//! The engine of Rounds: one bevy_ecs world, its phases, waiting, seeding, and one plugin a family of agents.
