-- Which policy a VM is in: its id as it is spelled, and the same in lower case. NULL: a version before these columns
-- wrote the row; they are filled in when the store is opened.
ALTER TABLE policies ADD COLUMN policy_id TEXT;
ALTER TABLE policies ADD COLUMN policy_key TEXT;

CREATE INDEX policies_by_policy ON policies (subscription, policy_key, vm);
