error "two\nlines \27[31min red"
