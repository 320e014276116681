//! Conditions with their value in the text of the statement. The indexes that keep polling cheap are partial
//! (`WHERE state = 'queued'`), and a statement that is prepared once for any state cannot count on them.

use diesel::postfix_operator;

postfix_operator!(IsQueued, " = 'queued'");
postfix_operator!(IsRunning, " = 'running'");
postfix_operator!(IsUnfinished, " <> 'finished'");
postfix_operator!(IsPending, " = 'pending'");
postfix_operator!(IsSending, " = 'sending'");
postfix_operator!(IsUnresolved, " <> 'resolved'");
postfix_operator!(IsResolved, " = 'resolved'");
