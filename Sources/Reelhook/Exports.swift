// The one re-export: a program that imports Reelhook writes and chains handlers without a second
// import.
@_exported public import ReelEvents

@_exported public import enum ReelJournal.EntryOrigin
@_exported public import struct ReelJournal.Reason
@_exported public import struct ReelJournal.VideoID
@_exported public import struct ReelRuntime.Timestamp
