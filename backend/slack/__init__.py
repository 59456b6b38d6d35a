"""Staff use the desk from Slack: ask, look up, act, take over, be told.

    edge, socket    what Slack sends: verified, kept in a table, acknowledged; nothing else
    queue           work that survives: once for each key, in order within a lane, again after a failure
    listeners/      by Slack's kinds of payload, thin; `bolt` routes what was kept to them
    asking, lookup, acting, telling    what is done, all through the desk's own services
    mirror          the desk's records against what Slack shows, told difference by difference
    sending         calls of the Web API that are owed
    blocks, text    how it looks

No rule and no policy is in here, and no sentence: those are in `data/slack/responses.yml`.
"""
