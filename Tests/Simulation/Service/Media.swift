/// The files that every video is made of.
enum Media {
    static let film = PackageResources.video_mp4
    static let thumbnail = PackageResources.thumbnail_webp
    static let sheet = PackageResources.spritesheet_jpg
}
