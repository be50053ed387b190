/// Somebody who knows what is to be done about an event before it is in the journal.
package protocol EventPlanner: Sendable {
    /// The plan of an entry that would be pending; nil leaves it for later.
    func plan(for draft: EntryDraft) -> EventPlan?

    /// Takes note that a draft was appended with its plan, which is on disk.
    func noteAppended(_ draft: EntryDraft, as sequence: Int64, with plan: EventPlan)
}
