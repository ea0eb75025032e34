//! What a user writes.

use bevy_ecs::component::{Component, Mutable};
use rounds_environments::ids::AgentId;
use rounds_environments::space::{Space, SpaceError};
use rounds_environments::streams::Stream;

/// The rules of a population.
///
/// ```
/// use rounds_agents::bevy_ecs;
/// use rounds_agents::bevy_ecs::component::Component;
/// use rounds_agents::population::{Population, PopulationModel};
/// use rounds_environments::ids::AgentId;
/// use rounds_environments::space::{ContinuousSpace, SpaceError, Vec2};
/// use rounds_environments::streams::{RunSeed, Stream};
///
/// /// Follows whoever is near and knows the way.
/// #[derive(Component, Clone, PartialEq)]
/// struct Walker {
///     knows: bool,
/// }
///
/// struct Spread;
///
/// impl PopulationModel for Spread {
///     type Space = ContinuousSpace<Walker>;
///
///     fn populate(&self, _: &mut Stream) -> Result<Self::Space, SpaceError> {
///         let mut room = ContinuousSpace::bounded(Vec2::new(9.0, 9.0), 1.0)?;
///         for x in 0..9 {
///             room.add(Vec2::new(f64::from(x), 4.0), Walker { knows: x == 4 })?;
///         }
///         Ok(room)
///     }
///
///     fn act(
///         &self,
///         me: AgentId,
///         room: &mut Self::Space,
///         _: &mut Stream,
///     ) -> Result<(), SpaceError> {
///         room[me].knows |= room.within(me, 1.5).any(|near| near.state.knows);
///         Ok(())
///     }
/// }
///
/// let mut room = Population::new(Spread, RunSeed(1))?;
/// room.run(8)?;
/// let mut walkers = room.world_mut().query::<&Walker>();
/// assert!(walkers.iter(room.world()).all(|walker| walker.knows));
/// # Ok::<(), rounds_agents::population::PopulationError>(())
/// ```
pub trait PopulationModel: Send + Sync + 'static {
    /// Where the agents live; its state is the component that neighbours see.
    type Space: Space<State: Component<Mutability = Mutable>>;

    /// The space with all agents at their start.
    ///
    /// # Errors
    /// [`SpaceError`] when the model cannot begin.
    fn populate(&self, stream: &mut Stream) -> Result<Self::Space, SpaceError>;

    /// The turn of `me`: looks at `space`, where all that acted before have already moved, and
    /// changes its own state and place.
    ///
    /// # Errors
    /// [`SpaceError`] when it does what cannot be done; the step then ends.
    fn act(
        &self,
        me: AgentId,
        space: &mut Self::Space,
        stream: &mut Stream,
    ) -> Result<(), SpaceError>;
}
