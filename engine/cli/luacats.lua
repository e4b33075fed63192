---@meta
-- The words of a runbook, for editors; written by `engine docs --luacats`.

---A duration such as "1h30m" or "250ms", or a number of milliseconds.
---@alias engine.duration string|number
---A size such as "64KiB" or "10MB", or a number of bytes.
---@alias engine.size string|number
---A time as RFC 3339 has it, or milliseconds since 1970.
---@alias engine.time string|integer
---What secret("name") answers: a reference, never the value.
---@alias engine.secret userdata

---@class engine.error
---@field code string NOT_FOUND, TIMEOUT, ..., or "plugin.CODE".
---@field message string
---@field hint? string What to do next.
---@field operation? string The operation that failed.
---@field retryable? boolean The same call may succeed later.
---@field outcome? "unknown" Present where the effect may have happened.
---@field details? any

---The type stands first: string, integer, number, boolean, duration, size, time, list, map, enum, secret or any.
---In a list of parameters the name comes before it.
---@class engine.parameter
---@field help? string
---@field default? any
---@field min? any
---@field max? any
---@field values? string[] Of an enum.
---@field item? string Of a list or a map: the type of each.
---@field required? boolean
---@field sensitive? boolean

---@class engine.runbook
---@field summary string One sentence.
---@field help? string More, for `engine run NAME --help`.
---@field severity? string Such as "P2".
---@field on? table[] Triggers: alert, cron, every, webhook, event.
---@field params? table<string|integer, engine.parameter>
---@field allow? string[] What it may do beside reading: "docker:change", "process.exec".
---@field timeout? string Of the whole run.
---@field concurrency? integer|engine.concurrency How many of its runs may go on at once, in all processes of a store.
---@field priority? "high"|"normal"|"low" Which runs begin first where limits.runs are alive. Default: normal.
---@field run fun(ctx: engine.context): any

---@class engine.concurrency
---@field limit? integer Default: 1.
---@field by? string A parameter: the limit is for runs that have its value in common.
---@field on_conflict? "queue"|"skip"|"replace"|"fail" What a run does where the limit is reached. Default: queue.

---@class engine.context
---@field id string The run's id.
---@field params table The parameters, checked and complete.
---@field trigger table What started it.
---@field dry_run boolean
---@field deadline? integer When the run's timeout is over, in milliseconds since 1970; nil where it has none.

---What a runbook's file returns.
---@param declaration engine.runbook
---@return engine.runbook
function runbook(declaration) end

---A named part of the run, for people. Answers what the function answers.
---@param step_name string
---@param fn function
---@param ... any handed to the function
---@return any ...
function step(step_name, fn, ...) end

---Runs functions side by side and answers their results under the same keys. A failure cancels the others, but with
---collect, where each result is { ok, value, error }.
---@param tasks table functions, and limit (how many at once) and collect
---@return table
function parallel(tasks) end

---Runs functions side by side until one has ended, and cancels the others. Answers what that one answers, and its key;
---its failure is raised.
---@param tasks table<any, function>
---@return any value
---@return any key
function first(tasks) end

---Raises TIMEOUT where the function has not ended by then.
---@param duration engine.duration
---@param fn function
---@param ... any handed to the function
---@return any ...
function timeout(duration, fn, ...) end

---@class engine.retry
---@field attempts? integer Default: 3.
---@field backoff? "exponential"|"linear"|"constant"
---@field first? engine.duration Before the second attempt. Default: 1s.
---@field max? engine.duration Between two attempts. Default: 1m.
---@field jitter? boolean|number
---@field on? string|string[] Codes; without it, all that may pass by themselves.

---Calls the function until it succeeds. What may have happened is never repeated.
---@param options engine.retry
---@param fn fun(attempt: integer): any
---@return any ...
function retry(options, fn) end

---For a duration, or until a time of day: sleep{ till = "2026-11-21T02:00:00Z" }.
---@param duration engine.duration|{ till: string|integer }
function sleep(duration) end

---Sends a signal to a run, which takes it now or when it comes to wait for it. It is sent exactly once.
---@param run string The run's id.
---@param name string
---@param data? any
function signal(run, name, data) end

---@class engine.signal
---@field signal string Its name.
---@field data any
---@field by string Who sent it.
---@field at string When.

---@class engine.event
---@field event string Its source.
---@field kind string
---@field subject? string What it happened to.
---@field data table
---@field at string When.
---@field cursor string For another wait to begin behind it.

---@class engine.wait_for.signal
---@field signal string The signal's name.
---@field match? table What its data must have.
---@field since? "start"|"now"|engine.duration How old it may be. Default: sent at any time since the run's start.
---@field timeout? engine.duration Raises TIMEOUT. Default: none.

---@class engine.wait_for.event
---@field event string An event source; `engine events` lists them.
---@field match? table What it must have: kind, subject, data.
---@field since? "start"|"now"|string A duration, or the cursor of an event. Default: behind the last event of that
---source that the run was given, else since the run's start.
---@field timeout? engine.duration Raises TIMEOUT. Default: none.

---Waits for a signal or for what happens in a backend; what came before is taken at once. Each signal is given to one
---wait.
---@param what engine.wait_for.signal
---@return engine.signal
---@overload fun(what: engine.wait_for.event): engine.event
function wait_for(what) end

---@class engine.approve
---@field message string What is asked.
---@field choices? string[] Default: approve and reject, where a rejection raises PERMISSION_DENIED.
---@field by? string|string[] Who may answer, such as "unix:ops". Default: whoever may use the store.
---@field timeout? engine.duration Then the default is taken, or TIMEOUT raised.
---@field default? string

---@class engine.approval
---@field choice string
---@field by? string Who answered.
---@field comment? string
---@field at? string When.
---@field timed_out? boolean Nobody answered; the choice is the default.

---Waits for a person: `engine approve RUN`.
---@param what engine.approve
---@return engine.approval
function approve(what) end

---@class engine.lock
---@field name string

---Waits until the lock of that name is the run's own; among all runs of the store one has it at a time, in the order of
---asking. Keep it in a variable that closes: local held <close> = lock("database").
---@param name string
---@param options? { timeout?: engine.duration, ttl?: engine.duration }
---@return engine.lock
function lock(name, options) end

---Starts a run of another runbook, which belongs to this one, and answers its result. Its error is raised here, with
---the child's id in details.run. Where this run does not wait for it any more, it is cancelled. With detached, answers
---{ run = id } at once, and the other run goes its own way.
---@param name string The runbook's name.
---@param params? table
---@param options? { detached?: boolean }
---@return any
function run(name, params, options) end

---When the run has ended well, the runbook goes on with these parameters in a run of its own, with an empty journal.
---@param params? table
function continue_as(params) end

---Raises an error.
---@param code string
---@param message string
---@param options? { hint?: string, details?: any, retryable?: boolean }
function fail(code, message, options) end

---What the run shows to people: a text, or a table of values.
---@param value any
function report(value) end

---A reference to a secret, for parameters that take one.
---@param name string
---@return engine.secret
function secret(name) end

---Writes a line to the run's log.
---@param ... any
function print(...) end

log = {}
---@param message any
---@param fields? table<string, any>
function log.debug(message, fields) end
---@param message any
---@param fields? table<string, any>
function log.info(message, fields) end
---@param message any
---@param fields? table<string, any>
function log.warn(message, fields) end
---@param message any
---@param fields? table<string, any>
function log.error(message, fields) end

---A trigger: an alert of this name.
---@param name string|table
---@return table
function alert(name) end
---@class engine.schedule
---@field jitter? string Each starts that much later at most; for a schedule it is always the same.
---@field catch_up? "none"|"last"|"all" Which of the times that were missed are made up for. Default: none.
---@field within? string How late one may still start. Default: 1m, and without a limit where they are made up for.
---@field overlap? "skip"|"queue"|"replace"|"allow" What one does while the run before goes on. Default: skip.

---@class engine.cron: engine.schedule
---@field tz? string Such as "Europe/Berlin". Default: the machine's zone.
---@field dst? { gap?: "run_after"|"skip", fold?: "first"|"last"|"both" } For times that do not exist or come twice.
---@field seconds? boolean A leading field of seconds.

---A trigger: times such as "0 3 * * *".
---@param schedule string|table
---@param options? engine.cron
---@return table
function cron(schedule, options) end
---A trigger: again and again after that time, such as "15m".
---@param interval string|table
---@param options? engine.schedule
---@return table
function every(interval, options) end
---A trigger: a request to a hook of this name.
---@param name string|table
---@return table
function webhook(name) end
---A trigger: an event of a backend.
---@param name string|table
---@return table
function event(name) end

json = {}
---Stands for null within values.
json.null = nil
---@param value any
---@param options? { indent?: integer }
---@return string
function json.encode(value, options) end
---@param text string
---@return any
function json.decode(text) end
---Marks a table as a map, also where it is empty.
---@param value table
---@return table
function json.map(value) end
---Marks a table as a list, also where it is empty.
---@param value table
---@return table
function json.list(value) end
