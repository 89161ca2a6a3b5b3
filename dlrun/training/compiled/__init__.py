"""The engine that trains inside the graph: whole epochs in one call, several fits as lanes of one program.

`stateless` and `lane_net` turn a Keras model into pure functions of one lane's state; `program` compiles those for all
lanes; `group` holds the data and the bookkeeping of the fits that train together; `engine` keeps the contract.
"""
