/// Completion scripts for shells, made from the definitions of the commands.
struct Completions: Sendable {
    enum Shell: String, CaseIterable, Sendable {
        case bash
        case zsh
        case fish
    }

    let commands: [Command]

    func script(for shell: Shell) -> String {
        switch shell {
        case .bash: bash
        case .zsh: "autoload -U +X bashcompinit && bashcompinit\n" + bash
        case .fish: fish
        }
    }

    private var firstWords: [String] {
        commands.reduce(into: []) { if !$0.contains($1.words[0]) { $0.append($1.words[0]) } }
    }

    private var bash: String {
        var cases = ""
        for first in firstWords {
            let members = commands.filter { $0.words[0] == first }
            if members.count > 1 || members[0].words.count > 1 {
                for member in members {
                    cases += "    \"\(member.name)\") words=\"\(options(member))\" ;;\n"
                }
                let names = members.map { $0.words[1] }.joined(separator: " ")
                cases += "    \"\(first) \"*) words=\"\(names)\" ;;\n"
            } else {
                cases += "    \"\(first) \"*) words=\"\(options(members[0]))\" ;;\n"
            }
        }
        return """
            _reelhook() {
              local current="${COMP_WORDS[COMP_CWORD]}" words
              if [ "$COMP_CWORD" -eq 1 ]; then
                words="\(firstWords.joined(separator: " "))"
              else
                local call="${COMP_WORDS[1]} ${COMP_WORDS[2]}"
                [ "$COMP_CWORD" -eq 2 ] && call="${COMP_WORDS[1]} "
                case "$call" in
            \(cases)    esac
              fi
              COMPREPLY=($(compgen -W "$words" -f -- "$current"))
            }
            complete -o filenames -F _reelhook reelhook

            """
    }

    private var fish: String {
        var lines = ["complete -c reelhook -f"]
        for first in firstWords {
            let members = commands.filter { $0.words[0] == first }
            let isGroup = members[0].words.count > 1
            let summary = isGroup ? first : members[0].summary
            lines.append(
                "complete -c reelhook -n __fish_use_subcommand -a \(first) -d '\(quoted(summary))'"
            )
            for member in members {
                let seen =
                    "'__fish_seen_subcommand_from \(first)"
                    + (isGroup ? "; and __fish_seen_subcommand_from \(member.words[1])'" : "'")
                if isGroup {
                    lines.append(
                        "complete -c reelhook -n '__fish_seen_subcommand_from \(first)'"
                            + " -a \(member.words[1]) -d '\(quoted(member.summary))'"
                    )
                }
                for option in member.allOptions {
                    lines.append(
                        "complete -c reelhook -n \(seen) -l \(option.name.dropFirst(2))"
                            + (option.value == nil ? "" : " -r") + " -d '\(quoted(option.help))'"
                    )
                }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func options(_ command: Command) -> String {
        command.allOptions.map(\.name).joined(separator: " ")
    }

    private func quoted(_ text: String) -> String {
        text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "\\'")
    }
}
