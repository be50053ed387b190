internal import ReelRuntime
internal import Reelhook

/// One life of the service's process, from its start to its stop or crash.
final class SimulatedProcess: @unchecked Sendable {
    // SAFETY: a world runs on one thread.
    let world: World
    let storage: Storage
    /// Where everything runs but a second dispatcher.
    let place: Place
    /// Where a second dispatcher runs, which may stand still alone.
    let secondPlace: Place
    let time: PlaceTime
    /// Which life of the machine it belongs to: its files are of no use after a crash.
    let generation: Int
    private var chance: Chance
    private let slowness: Double
    var core: ServiceCore?
    /// The whole of its work; cancelling it is how it is told to stop.
    var life: Task<Void, Never>?
    private var burials: [() -> Void] = []
    private var kept: [AnyObject] = []

    init(_ world: World, _ storage: Storage, slowness: Double) {
        self.world = world
        self.storage = storage
        self.slowness = slowness
        place = Place(world)
        secondPlace = Place(world)
        time = PlaceTime(place)
        generation = storage.generation
        chance = Chance(seed: world.seed, stream: 100 &+ UInt64(storage.generation))
    }

    var isAlive: Bool { place.isAlive }

    func keep(_ object: AnyObject, _ burial: @escaping () -> Void) {
        kept.append(object)
        burials.append(burial)
    }

    /// How long a commit takes to come about.
    func commitDelay() -> Duration {
        chance.happens(slowness)
            ? .milliseconds(chance.within(50...3_000)) : .microseconds(chance.within(100...2_000))
    }

    func delay(_ milliseconds: ClosedRange<Int>) -> Duration { chance.span(milliseconds) }

    /// Nothing of it runs any more.
    func die() {
        place.isAlive = false
        secondPlace.isAlive = false
    }

    /// Lets go of what it held of SQLite, outside of any call into it.
    func bury() {
        for burial in burials { burial() }
        burials = []
        kept = []
    }
}
