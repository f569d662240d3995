-- who buys
CREATE TABLE buyer (
    id INTEGER PRIMARY KEY,
    name TEXT
);

-- what is bought
CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    price INTEGER
);
