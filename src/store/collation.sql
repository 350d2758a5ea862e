-- PostgreSQL only; changes nothing where nothing is to be changed.
DO $$
DECLARE
    it record;
BEGIN
    FOR it IN
        SELECT c.table_name, c.column_name
        FROM information_schema.columns AS c
        JOIN information_schema.tables AS t USING (table_schema, table_name)
        WHERE c.table_schema = current_schema()
          AND t.table_type = 'BASE TABLE'
          AND c.data_type = 'text'
          AND c.collation_name IS DISTINCT FROM 'C'
    LOOP
        EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE text COLLATE "C"', it.table_name, it.column_name);
    END LOOP;
END
$$;
