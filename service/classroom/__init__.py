"""What a teacher asks of a class. Each question is one query, whose answer is shown as a page, as JSON and as CSV.

An answer is plain data, in words of ours and numbers; sentences about them are made where they are shown, in the
reader's language. Who may ask is decided here, before anything is read.
"""
