# embed.awk: a text file as C, for an #include inside an initializer. A file whose first line is "-- NAME:"
# becomes a row of a table for each such line, [NAME] = "..."; any other file becomes one string. Comment
# lines ("-- ...") of SQL and blank lines at a row's end do not reach the program. Line ends of a schema.sql
# do not reach the program either: SQLite keeps a CREATE statement as written, so a schema's text must not
# change with its layout. A line of a schema that continues a statement begins with the blank that SQL needs.
function literal(text) {
	gsub(/\\/, "\\\\", text)
	gsub(/"/, "\\\"", text)
	return "\t\"" text (FILENAME ~ /schema\.sql$/ ? "" : "\\n") "\"\n"
}
FNR == 1 { table = /^-- [A-Z_0-9]+:$/ }
table && /^-- [A-Z_0-9]+:$/ {
	if (row != "") printf "%s,\n", row
	name = $2
	sub(/:$/, "", name)
	row = "[" name "] =\n"
	next
}
FILENAME ~ /\.sql$/ && /^--/ { next }
table && /^$/ { next }
{ row = row literal($0) }
END { printf "%s%s", row, table ? ",\n" : "" }
