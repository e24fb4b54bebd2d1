CREATE TABLE firewalls (
    firewall TEXT NOT NULL,
    subscription TEXT NOT NULL,
    data TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (firewall, subscription)
);

CREATE INDEX firewalls_by_subscription ON firewalls (subscription, firewall);

-- NSGs that Postern made cut established flows: to be set back.
CREATE TABLE flushes (
    nsg TEXT NOT NULL,
    subscription TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (nsg, subscription)
);
