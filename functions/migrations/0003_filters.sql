-- What the activity and the list of VMs are filtered by. NULL in `kind` or `label`: a row that a version before these
-- columns wrote.
ALTER TABLE audit ADD COLUMN kind TEXT;
ALTER TABLE audit ADD COLUMN actor_id TEXT;
ALTER TABLE audit ADD COLUMN actor_name TEXT;

CREATE INDEX audit_by_kind ON audit (kind, subscription, at, seq);
CREATE INDEX audit_by_actor_id ON audit (actor_id, subscription, at, seq);
CREATE INDEX audit_by_actor_name ON audit (actor_name, subscription, at, seq);

-- The resource group and the name in lower case, with a line break between.
ALTER TABLE machines ADD COLUMN label TEXT;
ALTER TABLE machines ADD COLUMN os TEXT;
ALTER TABLE machines ADD COLUMN supported BIGINT;

CREATE INDEX machines_by_list ON machines (subscription, vm, label, os, supported);
CREATE INDEX machines_unlabelled ON machines (label, subscription);
