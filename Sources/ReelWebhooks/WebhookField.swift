/// The three header fields of Standard Webhooks 1.0.0.
///
/// The `svix-` names that one sender uses for the same are not read: a second set of names is a
/// second way in, and none of the senders that Reelhook serves needs it.
package enum WebhookField {
    package static let id = "webhook-id"
    package static let timestamp = "webhook-timestamp"
    package static let signature = "webhook-signature"
}
