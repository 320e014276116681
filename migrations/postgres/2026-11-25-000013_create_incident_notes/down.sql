DROP TABLE incident_notes;
